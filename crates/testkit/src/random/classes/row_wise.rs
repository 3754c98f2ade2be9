//! Every row becomes one row, with other names, types and values, and another primary key
//! in some cases where the table keeps its name.

use crate::random::builder::{Builder, Key, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::random::spec::Feature;
use crate::random::table::KeyKind;
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let mut old_own = Vec::new();
    let mut new_key = b.renamed(&key);
    let mut new_own = Vec::new();
    let mut code = b.column("code", "TEXT", Domain::Word);
    code.not_null = true;
    let new_code = b.again(&code, "code");
    if b.has(Feature::OddKeys, 30) && b.in_place {
        old_own.push(code);
        for column in &mut new_key.columns {
            column.not_null |= key.kind != KeyKind::Plain;
        }
        new_own = std::mem::replace(&mut new_key.columns, vec![new_code]);
        new_key.kind = KeyKind::Plain;
    }
    let mut old = b.table("t", &key, [old_own.clone(), olds(&fields)].concat());
    let mut new = b.instead(&old, "n", &new_key, [new_own.clone(), news(&fields)].concat());
    let given = [old_own.clone(), key.columns.clone()].concat();
    let back = if new_own.is_empty() {
        plain(&new_key.columns, "s")
    } else {
        old.uniques.push(Key { columns: old_own, kind: KeyKind::Plain }.names());
        new.uniques.push(Key { columns: new_own.clone(), kind: KeyKind::Plain }.names());
        plain(&[new_own, new_key.columns].concat(), "s")
    };
    b.constrain(&fields, &mut old, &mut new);
    let forward = [plain(&given, "s"), forwards(&fields, "s")];
    let backward = [back, backwards(&fields, "s")];
    b.forward(&new, format!("{} FROM old.{} AS s", select(&forward), quoted(&old.name)));
    b.backward(&old, format!("{} FROM new.{} AS s", select(&backward), quoted(&new.name)));
    b.plan.old.push(old);
    b.plan.new.push(new);
}
