//! Two tables become one, with a column that says which row came from where.

use crate::random::builder::{Builder, Key, backwards, forwards, news, olds, plain, select};
use crate::random::domain::Domain;
use crate::random::table::KeyKind;
use crate::sql::quoted;

pub(super) fn build(b: &mut Builder<'_>) {
    let key = b.key();
    let other_key = b.renamed(&key);
    let (fields, others) = (b.fields(), b.fields());
    let one = b.table("t", &key, olds(&fields));
    let two = b.table("u", &other_key, olds(&others));
    let mut tag = b.column("tag", "TEXT", Domain::Tag);
    tag.not_null = true;
    let new_key = Key {
        columns: [vec![tag.clone()], b.renamed(&key).columns].concat(),
        kind: KeyKind::Plain,
    };
    let new = b.instead(&one, "n", &new_key, [news(&fields), news(&others)].concat());
    let nulls = |columns: usize| vec!["NULL".to_owned(); columns];
    let first = format!(
        "{} FROM old.{} AS s",
        select(&[
            vec!["'a'".to_owned()],
            plain(&key.columns, "s"),
            forwards(&fields, "s"),
            nulls(news(&others).len())
        ]),
        quoted(&one.name)
    );
    let second = format!(
        "{} FROM old.{} AS s",
        select(&[
            vec!["'b'".to_owned()],
            plain(&other_key.columns, "s"),
            nulls(news(&fields).len()),
            forwards(&others, "s")
        ]),
        quoted(&two.name)
    );
    if b.rng.bool() {
        b.forward(&new, format!("{first}\nUNION ALL\n{second}"));
    } else {
        b.forward(&new, first);
        b.forward(&new, second);
    }
    let from = format!("FROM new.{} AS s WHERE s.{}", quoted(&new.name), quoted(&tag.name));
    let keys = plain(&new_key.columns[1..], "s");
    b.backward(&one, format!("{} {from} = 'a'", select(&[keys.clone(), backwards(&fields, "s")])));
    b.backward(&two, format!("{} {from} = 'b'", select(&[keys, backwards(&others, "s")])));
    b.plan.old.extend([one, two]);
    b.plan.new.push(new);
}
