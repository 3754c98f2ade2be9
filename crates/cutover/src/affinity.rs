//! How columns store values: what the engine asks of it. No other part looks at the kinds, but
//! for the backend.

/// How a column converts the values stored in it
/// (<https://www.sqlite.org/datatype3.html#type_affinity>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    Text,
    Numeric,
    Integer,
    Real,
    /// Values stay as they are.
    Blob,
}

impl Affinity {
    /// The affinity of a declared type, by SQLite's five rules in their order.
    pub(crate) fn of(declared: &str) -> Self {
        let upper = declared.to_ascii_uppercase();
        let has = |part: &str| upper.contains(part);
        if has("INT") {
            Self::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Self::Text
        } else if has("BLOB") || upper.is_empty() {
            Self::Blob
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// Whether two affinities store every value alike.
    pub(crate) fn stores_like(self, other: Self) -> bool {
        self == other || (self.is_exact() && other.is_exact())
    }

    /// Whether values stay as they are.
    pub(crate) fn keeps_all(self) -> bool {
        self == Self::Blob
    }

    /// Whether numbers become texts.
    pub(crate) fn is_text(self) -> bool {
        self == Self::Text
    }

    /// Whether numbers become real numbers.
    pub(crate) fn is_real(self) -> bool {
        self == Self::Real
    }

    /// Whether it is one that a type with no other meaning has: decimals, dates, truth values.
    pub(crate) fn is_decimal(self) -> bool {
        self == Self::Numeric
    }

    /// Whether numbers are kept exactly: whole ones as integers.
    pub(crate) fn is_exact(self) -> bool {
        matches!(self, Self::Integer | Self::Numeric)
    }

    /// Whether texts that look like numbers become numbers.
    pub(crate) fn is_numeric(self) -> bool {
        self.is_exact() || self.is_real()
    }

    /// Whether two values that are equal are of one storage class.
    pub(crate) fn tells_classes(self) -> bool {
        matches!(self, Self::Text | Self::Real)
    }

    /// A type that gives a column this affinity.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Numeric => "NUMERIC",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Blob => "",
        }
    }

    /// The type whose CAST gives a value this affinity.
    pub(crate) fn cast_to(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("TEXT"),
            // To NUMERIC, as a CAST to INTEGER would cut a fraction off.
            Self::Integer | Self::Numeric => Some("NUMERIC"),
            Self::Real => Some("REAL"),
            Self::Blob => None,
        }
    }

    /// What holds of the `typeof` of a stored value that this CAST leaves as it is: not a text
    /// in a column for numbers, which is no number, nor a blob.
    pub(crate) fn survives_cast(self) -> Option<&'static str> {
        match self {
            Self::Text => Some("<> 'blob'"),
            Self::Integer | Self::Numeric | Self::Real => Some("NOT IN ('text', 'blob')"),
            Self::Blob => None,
        }
    }

    /// The value `v` as it would be stored. A text is a number if it is equal to one: a
    /// comparison with a CAST to NUMERIC reads the text as the column would.
    pub(crate) fn stored(self) -> Option<&'static str> {
        match self {
            Self::Text => {
                Some("CASE WHEN typeof(v) IN ('integer', 'real') THEN CAST(v AS TEXT) ELSE v END")
            }
            Self::Real => Some(
                "CASE WHEN typeof(v) = 'integer' OR (typeof(v) = 'text' AND CAST(v AS NUMERIC) = v) \
                 THEN CAST(v AS REAL) ELSE v END",
            ),
            // A column keeps the REAL that equals the least integer as it is.
            Self::Integer | Self::Numeric => Some(
                "CASE WHEN typeof(v) = 'real' AND v > -9223372036854775808 AND v = CAST(v AS INTEGER) \
                 THEN CAST(v AS INTEGER) \
                 WHEN typeof(v) = 'text' AND CAST(v AS NUMERIC) = v THEN CAST(v AS NUMERIC) \
                 ELSE v END",
            ),
            Self::Blob => None,
        }
    }
}
