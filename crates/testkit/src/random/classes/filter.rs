//! One table becomes two, by the value of a column.

use crate::random::builder::{Builder, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let fields = b.fields();
    let flag = b.column("flag", "INTEGER", Domain::Bit);
    let mut old = b.table("t", &key, [olds(&fields), vec![flag.clone()]].concat());
    let (key_a, key_b) = (b.renamed(&key), b.renamed(&key));
    let rest = b.column("flag", "INTEGER", Domain::Bit);
    let mut a = b.instead(&old, "a", &key_a, news(&fields));
    let other = b.table("b", &key_b, [news(&fields), vec![rest.clone()]].concat());
    b.constrain(&fields, &mut old, &mut a);
    let given = [plain(&key.columns, "s"), forwards(&fields, "s")];
    let from = format!("FROM old.{} AS s WHERE s.{}", quoted(&old.name), quoted(&flag.name));
    b.forward(&a, format!("{} {from} = 1", select(&given)));
    let given = [given.concat(), plain(&[flag], "s")];
    b.forward(&other, format!("{} {from} IS NOT 1", select(&given)));
    let one = format!(
        "{} FROM new.{} AS s",
        select(&[plain(&key_a.columns, "s"), backwards(&fields, "s"), vec!["1".to_owned()]]),
        quoted(&a.name)
    );
    let two = format!(
        "{} FROM new.{} AS s",
        select(&[plain(&key_b.columns, "s"), backwards(&fields, "s"), plain(&[rest], "s")]),
        quoted(&other.name)
    );
    if b.rng.bool() {
        b.backward(&old, format!("{one}\nUNION ALL\n{two}"));
    } else {
        b.backward(&old, one);
        b.backward(&old, two);
    }
    b.plan.old.push(old);
    b.plan.new.extend([a, other]);
}
