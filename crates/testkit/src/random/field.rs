//! A field: columns of the old side, the columns of the new side that hold the same,
//! and the expressions between them.

use fastrand::Rng;

use super::domain::Domain;
use super::names::Names;
use super::spec::{Feature, Spec};
use super::table::Column;
use crate::sql::quoted;

/// What goes over together. In the expressions `{0}`, `{1}` stand for the columns of the
/// other side.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) old: Vec<Column>,
    /// What the old table generates from these. In `forward` they follow them.
    pub(crate) generated: Vec<Column>,
    pub(crate) new: Vec<Column>,
    /// One for each new column.
    pub(crate) forward: Vec<&'static str>,
    /// One for each old column.
    pub(crate) backward: Vec<&'static str>,
}

type Kind = (&'static str, Domain);

/// Old columns, new columns, forward, backward.
type Shape = (&'static [Kind], &'static [Kind], &'static [&'static str], &'static [&'static str]);

const COPY: &[&str] = &["{0}"];

/// Every way a field goes over, and back.
const SHAPES: &[Shape] = &[
    (&[("TEXT", Domain::Text)], &[("TEXT", Domain::Text)], COPY, COPY),
    (&[("TEXT", Domain::Word)], &[("TEXT", Domain::Word)], COPY, COPY),
    (&[("INTEGER", Domain::Integer)], &[("INTEGER", Domain::Integer)], COPY, COPY),
    (&[("INTEGER", Domain::Number)], &[("INTEGER", Domain::Number)], COPY, COPY),
    (&[("", Domain::Anything)], &[("", Domain::Anything)], COPY, COPY),
    (&[("NUMERIC", Domain::Integer)], &[("NUMERIC", Domain::Integer)], COPY, COPY),
    (&[("REAL", Domain::Real)], &[("REAL", Domain::Real)], COPY, COPY),
    (&[("BLOB", Domain::Blob)], &[("BLOB", Domain::Blob)], COPY, COPY),
    // Money as cents.
    (
        &[("TEXT", Domain::Money)],
        &[("INTEGER", Domain::Integer)],
        &["CAST(replace({0}, '.', '') AS INTEGER)"],
        &["CASE WHEN {0} IS NOT NULL THEN printf('%d.%02d', {0} / 100, {0} % 100) END"],
    ),
    (
        &[("TEXT", Domain::Flag)],
        &[("INTEGER", Domain::Bit)],
        &["CASE {0} WHEN 'yes' THEN 1 WHEN 'no' THEN 0 END"],
        &["CASE {0} WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END"],
    ),
    (
        &[("TEXT", Domain::Level)],
        &[("INTEGER", Domain::Number)],
        &["CASE {0} WHEN 'low' THEN 1 WHEN 'mid' THEN 2 WHEN 'high' THEN 3 END"],
        &["CASE {0} WHEN 1 THEN 'low' WHEN 2 THEN 'mid' WHEN 3 THEN 'high' END"],
    ),
    // One text as two, at its first space.
    (
        &[("TEXT", Domain::Text)],
        &[("TEXT", Domain::Word), ("TEXT", Domain::Word)],
        &[
            "CASE WHEN instr({0}, ' ') THEN substr({0}, 1, instr({0}, ' ') - 1) ELSE {0} END",
            "CASE WHEN instr({0}, ' ') THEN substr({0}, instr({0}, ' ') + 1) END",
        ],
        &["{0} || ifnull(' ' || {1}, '')"],
    ),
    // Two columns as one document.
    (
        &[("TEXT", Domain::Text), ("INTEGER", Domain::Integer)],
        &[("TEXT", Domain::Text)],
        &["json_object('t', {0}, 'n', {1})"],
        &["json_extract({0}, '$.t')", "json_extract({0}, '$.n')"],
    ),
    (
        &[("INTEGER", Domain::Integer)],
        &[("INTEGER", Domain::Integer)],
        &["{0} * 1000"],
        &["{0} / 1000"],
    ),
    (&[("INTEGER", Domain::Integer)], &[("INTEGER", Domain::Integer)], &["-{0}"], &["-{0}"]),
    // NULL as a value of its own.
    (
        &[("TEXT", Domain::Text)],
        &[("TEXT", Domain::Text)],
        &["ifnull({0}, '(none)')"],
        &["nullif({0}, '(none)')"],
    ),
    (
        &[("INTEGER", Domain::Integer)],
        &[("TEXT", Domain::Text)],
        &["CAST({0} AS TEXT)"],
        &["CAST({0} AS INTEGER)"],
    ),
    (
        &[("TEXT", Domain::Time)],
        &[("INTEGER", Domain::Integer)],
        &["CAST(strftime('%s', {0}) AS INTEGER)"],
        &["datetime({0}, 'unixepoch')"],
    ),
];

/// A column that generates others, each as its type and what it is made from; of which the
/// mapping reads the last alone.
struct Chain {
    old: Kind,
    generated: &'static [(&'static str, &'static str)],
    forward: &'static str,
    backward: &'static str,
}

const CHAINS: &[Chain] = &[
    Chain {
        old: ("INTEGER", Domain::Integer),
        generated: &[("INTEGER", "{0} + 1")],
        forward: "{1}",
        backward: "{0} - 1",
    },
    Chain {
        old: ("INTEGER", Domain::Number),
        generated: &[("INTEGER", "{0} + 1"), ("INTEGER", "{1} * 2")],
        forward: "{2}",
        backward: "{0} / 2 - 1",
    },
    Chain {
        old: ("TEXT", Domain::Word),
        generated: &[("TEXT", "{0} || '!'")],
        forward: "{1}",
        backward: "substr({0}, 1, length({0}) - 1)",
    },
    Chain {
        old: ("TEXT", Domain::Text),
        generated: &[("TEXT", "'<' || {0}"), ("TEXT", "{1} || '>'"), ("TEXT", "{2} || '.'")],
        forward: "{3}",
        backward: "substr({0}, 2, length({0}) - 3)",
    },
];

impl Field {
    pub(crate) fn random(spec: &Spec, rng: &mut Rng, names: &mut Names) -> Self {
        let chain = spec.has(Feature::Generated, rng, 12);
        let which = rng.usize(..CHAINS.len());
        if chain {
            return Self::chained(&CHAINS[which], rng, names);
        }
        let (old, new, forward, backward) = SHAPES[rng.usize(..SHAPES.len())];
        let mut columns = |kinds: &[Kind], prefix: &str| {
            kinds
                .iter()
                .map(|(kind, domain)| Column::new(names.fresh(prefix), kind, *domain))
                .collect::<Vec<_>>()
        };
        let mut field = Self {
            old: columns(old, "c"),
            new: columns(new, "d"),
            generated: Vec::new(),
            forward: forward.to_vec(),
            backward: backward.to_vec(),
        };
        let default = spec.has(Feature::Constraints, rng, 20);
        let value = field.old[0].domain.literal(rng, false);
        field.old[0].default = default.then_some(value);
        field
    }

    fn chained(chain: &Chain, rng: &mut Rng, names: &mut Names) -> Self {
        let (kind, domain) = chain.old;
        let mut columns = vec![Column::new(names.fresh("c"), kind, domain)];
        for (kind, template) in chain.generated {
            let mut expression = (*template).to_owned();
            for (n, column) in columns.iter().enumerate() {
                expression = expression.replace(&format!("{{{n}}}"), &quoted(&column.name));
            }
            let stored = ["STORED", "VIRTUAL"][rng.usize(..2)];
            let mut column = Column::new(names.fresh("g"), kind, domain);
            column.generated = Some(format!("({expression}) {stored}"));
            columns.push(column);
        }
        let generated = columns.split_off(1);
        let new = vec![Column::new(names.fresh("d"), generated[0].kind, domain)];
        let (forward, backward) = (vec![chain.forward], vec![chain.backward]);
        Self { old: columns, generated, new, forward, backward }
    }

    /// All the old table's columns of it.
    pub(crate) fn all_old(&self) -> Vec<Column> {
        [self.old.clone(), self.generated.clone()].concat()
    }

    /// Whether the new column has a value where the old one has none.
    pub(crate) fn never_null(&self) -> bool {
        self.forward == ["ifnull({0}, '(none)')"]
    }

    /// Whether both sides hold the very same value in one column.
    pub(crate) fn is_copy(&self) -> bool {
        self.forward == COPY && self.backward == COPY
    }
}

/// The expressions of one direction, with the columns of the other side in them.
pub(crate) fn filled(templates: &[&str], alias: &str, columns: &[Column]) -> Vec<String> {
    templates
        .iter()
        .map(|template| {
            let mut text = (*template).to_owned();
            for (n, column) in columns.iter().enumerate() {
                text =
                    text.replace(&format!("{{{n}}}"), &format!("{alias}.{}", quoted(&column.name)));
            }
            text
        })
        .collect()
}
