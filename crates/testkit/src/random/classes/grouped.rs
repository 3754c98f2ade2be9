//! Rows stay rows, and each group of them has its totals.

use super::totals;
use crate::random::builder::{Builder, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::random::spec::Feature;
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let team = b.column("team", "TEXT", Domain::Word);
    let mut amount = b.column("amount", "INTEGER", Domain::Number);
    amount.not_null = b.rng.bool();
    let note = b.column("note", "TEXT", Domain::Text);
    let own = vec![team, amount, note];
    let mut old = b.table("t", &key, [own.clone(), olds(&fields)].concat());
    let new_key = b.renamed(&key);
    let new_own: Vec<_> = own.iter().map(|column| b.again(column, "own")).collect();
    let mut new = b.instead(&old, "n", &new_key, [new_own.clone(), news(&fields)].concat());
    b.constrain(&fields, &mut old, &mut new);
    let forward = [plain(&key.columns, "s"), plain(&own, "s"), forwards(&fields, "s")];
    b.forward(&new, format!("{} FROM old.{} AS s", select(&forward), quoted(&old.name)));
    let backward = [plain(&new_key.columns, "s"), plain(&new_own, "s"), backwards(&fields, "s")];
    b.backward(&old, format!("{} FROM new.{} AS s", select(&backward), quoted(&new.name)));
    b.plan.old.push(old);
    b.plan.new.push(new);
    if b.spec.features.has(Feature::Totals) {
        totals::add(b);
    }
}
