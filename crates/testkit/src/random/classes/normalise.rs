//! Many rows share one, under a surrogate key.

use crate::random::builder::{Builder, Key, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::random::mapping::{Mapping, Surrogate};
use crate::random::table::{Foreign, KeyKind};
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let shared = b.column("city", "TEXT", Domain::Word);
    let mut old = b.table("t", &key, [vec![shared.clone()], olds(&fields)].concat());
    let id = b.column("id", "INTEGER", Domain::Number);
    let mut natural = b.column("name", "TEXT", Domain::Word);
    natural.not_null = true;
    let lookup_key = Key { columns: vec![id.clone()], kind: KeyKind::Rowid };
    let mut lookup = b.table("cities", &lookup_key, vec![natural.clone()]);
    lookup.uniques.push(vec![natural.name.clone()]);
    let new_key = b.renamed(&key);
    let carried = b.column("city_id", "INTEGER", Domain::Number);
    let mut new = b.instead(&old, "n", &new_key, [vec![carried.clone()], news(&fields)].concat());
    b.constrain(&fields, &mut old, &mut new);
    if let Some(foreign) = b.refer(std::slice::from_ref(&carried), &lookup) {
        // What the rows share goes when none is left; a cascade would take rows along
        // that are about to get another.
        new.foreign.push(Foreign { action: "", ..foreign });
    }

    let column = format!("s.{}", quoted(&shared.name));
    let from = format!("FROM old.{} AS s", quoted(&old.name));
    let distinct = if b.rng.bool() {
        format!("SELECT DISTINCT {column} {from} WHERE {column} IS NOT NULL")
    } else {
        format!("SELECT {column} {from} WHERE {column} IS NOT NULL GROUP BY {column}")
    };
    b.plan.forward.push(Mapping {
        table: lookup.name.clone(),
        columns: vec![natural.name.clone()],
        select: distinct,
        scope: None,
    });
    let forward =
        [plain(&key.columns, "s"), plain(std::slice::from_ref(&id), "l"), forwards(&fields, "s")];
    b.forward(
        &new,
        format!(
            "{} {from} LEFT JOIN new.{} AS l ON l.{} = {column}",
            select(&forward),
            quoted(&lookup.name),
            quoted(&natural.name)
        ),
    );
    let backward = [
        plain(&new_key.columns, "s"),
        plain(std::slice::from_ref(&natural), "l"),
        backwards(&fields, "s"),
    ];
    b.backward(
        &old,
        format!(
            "{} FROM new.{} AS s LEFT JOIN new.{} AS l ON l.{} = s.{}",
            select(&backward),
            quoted(&new.name),
            quoted(&lookup.name),
            quoted(&id.name),
            quoted(&carried.name)
        ),
    );
    b.plan.surrogates.push(Surrogate {
        lookup: lookup.name.clone(),
        id: id.name,
        natural: natural.name,
        carrier: new.name.clone(),
        carried: carried.name,
    });
    b.plan.old.push(old);
    b.plan.new.extend([lookup, new]);
}
