//! Totals beside the rows: one row for each group of an old table.

use crate::random::builder::{Builder, Key};
use crate::random::domain::Domain;
use crate::random::spec::Feature;
use crate::random::table::{Column, KeyKind};
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    if !b.has(Feature::Totals, 25) {
        return;
    }
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
    let number = of(Domain::Number)
        .map_or("NULL".to_owned(), |column| format!("s.{}", quoted(&column.name)));
    let mut key = Column::new(b.names.fresh("group"), group.kind, Domain::Word);
    key.not_null = true;
    let key = Key { columns: vec![key], kind: KeyKind::Plain };
    let columns = vec![
        b.column("n", "INTEGER", Domain::Number),
        b.column("total", "", Domain::Number),
        b.column("least", "", Domain::Number),
    ];
    let totals = b.table("totals", &key, columns);
    let group = format!("s.{}", quoted(&group.name));
    b.forward(
        &totals,
        format!(
            "SELECT {group}, count(*), sum({number}), min({number}) FROM old.{} AS s \
             WHERE {group} IS NOT NULL GROUP BY {group}",
            quoted(&old.name)
        ),
    );
    b.plan.new.push(totals);
}
