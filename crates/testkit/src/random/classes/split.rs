//! One table becomes two, by columns; the second may refer to the first.

use crate::random::builder::{Builder, backwards, equal, forwards, news, olds, plain, select};
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let (kept, moved) = (b.fields(), b.fields());
    let mut old = b.table("t", &key, [olds(&kept), olds(&moved)].concat());
    let (main_key, part_key) = (b.renamed(&key), b.renamed(&key));
    let mut main = b.instead(&old, "n", &main_key, news(&kept));
    let mut part = b.table("p", &part_key, news(&moved));
    b.constrain(&kept, &mut old, &mut main);
    b.constrain(&moved, &mut old, &mut part);
    // A key that cascades from the first table into the second changes the two one after
    // the other, and what joins them is seen between.
    if let Some(foreign) = b.refer(&part_key.columns, &main)
        && !foreign.action.contains("NULL")
        && !foreign.action.contains("UPDATE")
    {
        part.foreign.push(foreign);
    }
    let from = format!("FROM old.{} AS s", quoted(&old.name));
    let forward = [plain(&key.columns, "s"), forwards(&kept, "s")];
    b.forward(&main, format!("{} {from}", select(&forward)));
    let forward = [plain(&key.columns, "s"), forwards(&moved, "s")];
    b.forward(&part, format!("{} {from}", select(&forward)));
    let backward = [plain(&main_key.columns, "m"), backwards(&kept, "m"), backwards(&moved, "p")];
    b.backward(
        &old,
        format!(
            "{} FROM new.{} AS m LEFT JOIN new.{} AS p ON {}",
            select(&backward),
            quoted(&main.name),
            quoted(&part.name),
            equal(&part_key.columns, "p", &main_key.columns, "m")
        ),
    );
    b.plan.old.push(old);
    b.plan.new.extend([main, part]);
}
