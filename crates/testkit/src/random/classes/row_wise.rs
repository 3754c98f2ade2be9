//! Every row becomes one row, with other names, types and values.

use crate::random::builder::{Builder, backwards, forwards, news, olds, plain, select};
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let mut old = b.table("t", &key, olds(&fields));
    let new_key = b.renamed(&key);
    let mut new = b.table("n", &new_key, news(&fields));
    b.constrain(&fields, &mut old, &mut new);
    let forward = [plain(&key.columns, "s"), forwards(&fields, "s")];
    let backward = [plain(&new_key.columns, "s"), backwards(&fields, "s")];
    b.forward(&new, format!("{} FROM old.{} AS s", select(&forward), quoted(&old.name)));
    b.backward(&old, format!("{} FROM new.{} AS s", select(&backward), quoted(&new.name)));
    b.plan.old.push(old);
    b.plan.new.push(new);
}
