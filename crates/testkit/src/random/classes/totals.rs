//! Totals beside the rows: one row for each group of an old table.

use crate::random::builder::{Builder, Key};
use crate::random::domain::Domain;
use crate::random::spec::Feature;
use crate::random::table::{Column, KeyKind};
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    if b.has(Feature::Totals, 25) {
        add(b);
    }
}

/// Adds them, if the last old table has something to group by.
pub(super) fn add(b: &mut Builder<'_>) {
    let Some(old) = b.plan.old.last().cloned() else { return };
    let of = |domain: Domain| {
        old.columns.iter().find(|column| {
            // Which of 'a' and 'A' stands for both is not determined.
            column.domain == domain
                && !old.key.contains(&column.name)
                && column.collation.is_empty()
        })
    };
    let Some(group) = of(Domain::Word) else { return };
    // Reals would depend on the order in which they are added up.
    let number = of(Domain::Number);
    let kind = number.map_or("", |column| column.kind);
    let number = number.map_or("NULL".to_owned(), |column| format!("s.{}", quoted(&column.name)));
    let text = of(Domain::Text)
        .filter(|column| column.kind == "TEXT")
        .map_or("'none'".to_owned(), |column| format!("s.{}", quoted(&column.name)));
    let mut key = Column::new(b.names.fresh("group"), group.kind, Domain::Word);
    key.not_null = true;
    let key = Key { columns: vec![key], kind: KeyKind::Plain };
    let typed = b.rng.u8(..100) < 70;
    let total = if b.rng.bool() { "INTEGER" } else { "" };
    let mut columns = vec![
        b.column("n", "INTEGER", Domain::Number),
        b.column("total", total, Domain::Number),
        b.column("least", if typed { kind } else { "" }, Domain::Number),
    ];
    let group = format!("s.{}", quoted(&group.name));
    let mut outputs = format!("{group}, count(*), sum({number}), min({number})");
    if typed && b.rng.bool() {
        columns.extend([
            b.column("valued", "INTEGER", Domain::Number),
            b.column("greatest", kind, Domain::Number),
            b.column("last", "TEXT", Domain::Text),
        ]);
        outputs += &format!(", count({number}), max({number}), max({text})");
    }
    let only = match b.rng.u8(..6) {
        0 => format!(" AND {number} IS NOT NULL"),
        1 => format!(" AND {number} BETWEEN 2 AND 7"),
        2 => format!(" AND {text} <> 'two words'"),
        _ => String::new(),
    };
    let totals = b.table("totals", &key, columns);
    b.forward(
        &totals,
        format!(
            "SELECT {outputs} FROM old.{} AS s WHERE {group} IS NOT NULL{only} GROUP BY {group}",
            quoted(&old.name)
        ),
    );
    b.plan.new.push(totals);
}
