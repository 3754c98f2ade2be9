//! Prometheus' text format, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;

/// Families of samples, written one after the other.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// The family that samples belong to.
    name: &'static str,
}

impl Text {
    /// Begins a family.
    pub(super) fn family(&mut self, name: &'static str, help: &str, kind: &str) {
        self.name = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample of the family.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.text += self.name;
        for (i, (label, text)) in labels.iter().enumerate() {
            let before = if i == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// A family of one sample.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str, value: f64) {
        self.family(name, help, "gauge");
        self.sample(&[], value);
    }

    /// A family of one sample, which is left out where the value isn't known.
    pub(super) fn maybe(&mut self, name: &'static str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.gauge(name, help, value);
        }
    }

    /// A family of one sample that only grows.
    pub(super) fn counter(&mut self, name: &'static str, help: &str, value: f64) {
        self.family(name, help, "counter");
        self.sample(&[], value);
    }

    pub(super) fn done(self) -> String {
        self.text
    }
}

/// A label's value between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table may have any name.
    #[test]
    fn labels_are_escaped() {
        let mut text = Text::default();
        text.family("rows", "Rows.", "gauge");
        text.sample(&[("table", "a\"b\\c\nd"), ("side", "old")], 1.5);
        assert_eq!(
            text.done(),
            "# HELP rows Rows.\n# TYPE rows gauge\nrows{table=\"a\\\"b\\\\c\\nd\",side=\"old\"} 1.5\n"
        );
    }
}
