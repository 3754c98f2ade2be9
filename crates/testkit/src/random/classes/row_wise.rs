//! Every row becomes one row, with other names, types and values, and another primary key
//! in some cases where the table keeps its name.

use crate::random::builder::{Builder, Key, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::random::spec::Feature;
use crate::random::table::{Column, Foreign, KeyKind, Table};
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let boss = self_reference(b, &key);
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
    let mut old = b.table("t", &key, [old_own.clone(), boss.old.clone(), olds(&fields)].concat());
    let mut new =
        b.instead(&old, "n", &new_key, [new_own.clone(), boss.new.clone(), news(&fields)].concat());
    boss.refer(&key, &mut old, &mut new);
    let given = [old_own.clone(), key.columns.clone()].concat();
    let back = if new_own.is_empty() {
        plain(&new_key.columns, "s")
    } else {
        old.uniques.push(Key { columns: old_own, kind: KeyKind::Plain }.names());
        new.uniques.push(Key { columns: new_own.clone(), kind: KeyKind::Plain }.names());
        plain(&[new_own, new_key.columns].concat(), "s")
    };
    b.constrain(&fields, &mut old, &mut new);
    // The new table's columns stand in the order key, own, boss, fields; the old one's likewise.
    let forward = [plain(&given, "s"), plain(&boss.old, "s"), forwards(&fields, "s")];
    let backward = [back, plain(&boss.new, "s"), backwards(&fields, "s")];
    b.forward(&new, format!("{} FROM old.{} AS s", select(&forward), quoted(&old.name)));
    b.backward(&old, format!("{} FROM new.{} AS s", select(&backward), quoted(&new.name)));
    b.plan.old.push(old);
    b.plan.new.push(new);
}

/// Columns by which rows refer to rows of the same table, on both sides; or none.
struct Boss {
    old: Vec<Column>,
    new: Vec<Column>,
    action: &'static str,
}

fn self_reference(b: &mut Builder<'_>, key: &Key) -> Boss {
    const ACTIONS: [&str; 5] = [
        "ON DELETE CASCADE",
        "ON DELETE CASCADE ON UPDATE CASCADE",
        "ON DELETE SET NULL",
        "ON DELETE SET NULL ON UPDATE SET NULL",
        "",
    ];
    let (has, action) = (b.has(Feature::SelfReference, 15), ACTIONS[b.rng.usize(..5)]);
    let [own] = key.columns.as_slice() else { return Boss { old: vec![], new: vec![], action } };
    let mut old = b.again(own, "boss");
    old.name = b.names.fresh("boss");
    (old.not_null, old.collation) = (false, own.collation);
    let new = b.again(&old, "lead");
    let wanted = has && own.not_null | (key.kind != KeyKind::Plain);
    if wanted {
        Boss { old: vec![old], new: vec![new], action }
    } else {
        Boss { old: vec![], new: vec![], action }
    }
}

impl Boss {
    /// Adds the foreign keys. A new table with another primary key than the old one's has none:
    /// what is referred to is still there, as a unique key.
    fn refer(&self, key: &Key, old: &mut Table, new: &mut Table) {
        let (Some(one), Some(other)) = (self.old.first(), self.new.first()) else { return };
        let foreign = |column: &Column, table: &Table, parent: Vec<String>| Foreign {
            columns: vec![column.name.clone()],
            table: table.name.clone(),
            parent,
            action: self.action,
        };
        old.foreign.push(foreign(one, old, key.names()));
        if new.key_kind == key.kind || new.key_kind != KeyKind::Plain {
            let parent = new.key.clone();
            if new.column(&parent[0]).is_some_and(|column| column.domain == one.domain) {
                new.foreign.push(foreign(other, new, parent));
            }
        }
    }
}
