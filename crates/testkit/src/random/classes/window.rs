//! Each row carries its place among its neighbours.

use crate::random::builder::{Builder, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let group = b.column("game", "TEXT", Domain::Word);
    let points = b.column("points", "INTEGER", Domain::Number);
    let own = vec![group.clone(), points.clone()];
    let mut old = b.table("t", &key, [own.clone(), olds(&fields)].concat());
    let new_key = b.renamed(&key);
    let new_own = vec![b.again(&group, "game"), b.again(&points, "points")];
    let place = b.column("place", "INTEGER", Domain::Number);
    let mut new =
        b.instead(&old, "n", &new_key, [new_own.clone(), vec![place], news(&fields)].concat());
    b.constrain(&fields, &mut old, &mut new);
    let function = ["row_number()", "rank()", "count(*)"][b.rng.usize(..3)];
    let window = format!(
        "{function} OVER (PARTITION BY {} ORDER BY {} DESC, {})",
        plain(&[group], "s").concat(),
        plain(&[points], "s").concat(),
        plain(&key.columns, "s").join(", ")
    );
    let forward =
        [plain(&key.columns, "s"), plain(&own, "s"), vec![window], forwards(&fields, "s")];
    b.forward(&new, format!("{} FROM old.{} AS s", select(&forward), quoted(&old.name)));
    let backward = [plain(&new_key.columns, "s"), plain(&new_own, "s"), backwards(&fields, "s")];
    b.backward(&old, format!("{} FROM new.{} AS s", select(&backward), quoted(&new.name)));
    b.plan.old.push(old);
    b.plan.new.push(new);
}
