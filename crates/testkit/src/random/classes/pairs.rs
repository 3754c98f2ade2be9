//! Rows that pair two words become rows that pair two surrogate keys: a scope with a term in
//! each of two joined tables.

use crate::random::builder::{Builder, Key, backwards, forwards, news, olds, select};
use crate::random::domain::Domain;
use crate::random::mapping::{Mapping, Surrogate};
use crate::random::table::{Column, KeyKind, Table};
use crate::sql::quoted;

/// A new table with a surrogate key for each word of a column.
fn lookup(b: &mut Builder<'_>, old: &Table, shared: &Column) -> (Table, String, String) {
    let id = b.column("id", "INTEGER", Domain::Number);
    let mut natural = b.column("name", "TEXT", Domain::Word);
    natural.not_null = true;
    let key = Key { columns: vec![id.clone()], kind: KeyKind::Rowid };
    let mut table = b.table("words", &key, vec![natural.clone()]);
    table.uniques.push(vec![natural.name.clone()]);
    b.plan.forward.push(Mapping {
        table: table.name.clone(),
        columns: vec![natural.name.clone()],
        select: format!(
            "SELECT DISTINCT s.{} FROM old.{} AS s",
            quoted(&shared.name),
            quoted(&old.name)
        ),
        scope: None,
    });
    (table, id.name, natural.name)
}

pub(super) fn build(b: &mut Builder<'_>) {
    let fields = b.fields();
    let mut words =
        [b.column("one", "TEXT", Domain::Word), b.column("other", "TEXT", Domain::Word)];
    words.iter_mut().for_each(|column| column.not_null = true);
    let key = Key { columns: words.to_vec(), kind: KeyKind::Plain };
    let old = b.table("t", &key, olds(&fields));
    let (first, first_id, first_name) = lookup(b, &old, &words[0]);
    let (second, second_id, second_name) = lookup(b, &old, &words[1]);
    let mut ids = [
        b.column("one_id", "INTEGER", Domain::Number),
        b.column("other_id", "INTEGER", Domain::Number),
    ];
    ids.iter_mut().for_each(|column| column.not_null = true);
    let new_key = Key { columns: ids.to_vec(), kind: KeyKind::Plain };
    let mut new = b.table("n", &new_key, news(&fields));
    // The sync finds the rows that carry a key by it.
    new.indexes.push((b.names.fresh("ix"), false, format!("({})", quoted(&ids[1].name))));
    let mut old = old;
    old.indexes.push((b.names.fresh("ix"), false, format!("({})", quoted(&words[1].name))));

    let join = |lookup: &Table, alias: &str, column: &str, to: &str| {
        format!("JOIN new.{} AS {alias} ON {alias}.{} = {to}", quoted(&lookup.name), quoted(column))
    };
    let of = |alias: &str, name: &str| format!("{alias}.{}", quoted(name));
    let forward = [vec![of("a", &first_id), of("b", &second_id)], forwards(&fields, "s")];
    b.forward(
        &new,
        format!(
            "{} FROM old.{} AS s {} {}",
            select(&forward),
            quoted(&old.name),
            join(&first, "a", &first_name, &of("s", &words[0].name)),
            join(&second, "b", &second_name, &of("s", &words[1].name))
        ),
    );
    let backward = [vec![of("a", &first_name), of("b", &second_name)], backwards(&fields, "s")];
    b.backward(
        &old,
        format!(
            "{} FROM new.{} AS s {} {}",
            select(&backward),
            quoted(&new.name),
            join(&first, "a", &first_id, &of("s", &ids[0].name)),
            join(&second, "b", &second_id, &of("s", &ids[1].name))
        ),
    );
    for (lookup, id, natural, carried) in
        [(&first, first_id, first_name, &ids[0]), (&second, second_id, second_name, &ids[1])]
    {
        b.plan.surrogates.push(Surrogate {
            lookup: lookup.name.clone(),
            id,
            natural,
            carrier: new.name.clone(),
            carried: carried.name.clone(),
        });
    }
    b.plan.old.push(old);
    b.plan.new.extend([first, second, new]);
}
