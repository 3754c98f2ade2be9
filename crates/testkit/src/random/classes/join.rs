//! Rows of two tables meet in one: each child carries a column of its parent.

use crate::random::builder::{Builder, backwards, equal, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::random::table::Foreign;
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let (parent_key, child_key) = (b.key(), b.key());
    let (parent_fields, child_fields) = (b.fields(), b.fields());
    let label = b.column("label", "TEXT", Domain::Word);
    let mut parent =
        b.table("p", &parent_key, [vec![label.clone()], olds(&parent_fields)].concat());
    let refers = b.references(&parent_key);
    let mut child = b.table("c", &child_key, [refers.clone(), olds(&child_fields)].concat());
    let foreign = b.refer(&refers, &parent);
    child.foreign.extend(foreign.clone());
    let (new_parent_key, new_child_key) = (b.renamed(&parent_key), b.renamed(&child_key));
    let new_label = b.again(&label, "label");
    let mut new_parent = b.instead(
        &parent,
        "q",
        &new_parent_key,
        [vec![new_label.clone()], news(&parent_fields)].concat(),
    );
    let new_refers = b.references(&parent_key);
    let copied = b.column("copied", "TEXT", Domain::Word);
    let mut new_child = b.instead(
        &child,
        "d",
        &new_child_key,
        [new_refers.clone(), vec![copied], news(&child_fields)].concat(),
    );
    // Both sides refer alike: the mirror's own CASCADE would take rows away that the
    // mapping still gives where the side that takes writes lets them be.
    new_child.foreign.extend(foreign.map(|foreign| Foreign {
        columns: new_refers.iter().map(|column| column.name.clone()).collect(),
        table: new_parent.name.clone(),
        parent: new_parent.key.clone(),
        ..foreign
    }));
    b.constrain(&parent_fields, &mut parent, &mut new_parent);
    b.constrain(&child_fields, &mut child, &mut new_child);

    let forward = [
        plain(&parent_key.columns, "s"),
        plain(std::slice::from_ref(&label), "s"),
        forwards(&parent_fields, "s"),
    ];
    b.forward(&new_parent, format!("{} FROM old.{} AS s", select(&forward), quoted(&parent.name)));
    let forward = [
        plain(&child_key.columns, "s"),
        plain(&refers, "s"),
        plain(&[label], "p"),
        forwards(&child_fields, "s"),
    ];
    b.forward(
        &new_child,
        format!(
            "{} FROM old.{} AS s LEFT JOIN old.{} AS p ON {}",
            select(&forward),
            quoted(&child.name),
            quoted(&parent.name),
            equal(&parent_key.columns, "p", &refers, "s")
        ),
    );
    let backward = [
        plain(&new_parent_key.columns, "s"),
        plain(&[new_label], "s"),
        backwards(&parent_fields, "s"),
    ];
    b.backward(
        &parent,
        format!("{} FROM new.{} AS s", select(&backward), quoted(&new_parent.name)),
    );
    let backward = [
        plain(&new_child_key.columns, "s"),
        plain(&new_refers, "s"),
        backwards(&child_fields, "s"),
    ];
    b.backward(&child, format!("{} FROM new.{} AS s", select(&backward), quoted(&new_child.name)));
    b.plan.old.extend([parent, child]);
    b.plan.new.extend([new_parent, new_child]);
}
