//! Which panels there is room for, and how many rows each gets. Pure.

use std::fmt;

/// The panels, from the top of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panel {
    /// The migration, its phases, since when.
    Header,
    /// Work under way, and what operators have asked for.
    Work,
    /// Writes and stalls.
    Charts,
    /// Tables, the last verification, room.
    State,
    /// What is allowed and what is not, and the rollback.
    Gates,
    /// What was done.
    Journal,
}

impl fmt::Display for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Work => "work",
            Self::Charts => "charts",
            Self::State => "tables",
            Self::Gates => "gates",
            Self::Journal => "journal",
        })
    }
}

/// Rows that panels would fill.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wants {
    pub(crate) work: u16,
    pub(crate) state: u16,
    pub(crate) gates: u16,
    pub(crate) journal: u16,
}

/// What is drawn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Panels and their rows, from the top.
    pub(crate) rows: Vec<(Panel, u16)>,
    /// Panels there is no room for.
    pub(crate) left_out: Vec<Panel>,
}

/// The panels from the one that is given up last to the one that is given up first, each with
/// the fewest rows in which it says something.
const BY_WEIGHT: [(Panel, u16); 6] = [
    (Panel::Header, 2),
    (Panel::Work, 3),
    (Panel::Gates, 3),
    (Panel::State, 3),
    (Panel::Charts, 3),
    (Panel::Journal, 2),
];

const FROM_THE_TOP: [Panel; 6] =
    [Panel::Header, Panel::Work, Panel::Charts, Panel::State, Panel::Gates, Panel::Journal];

/// Shares `height` rows out.
pub(crate) fn plan(height: u16, wants: Wants) -> Plan {
    let mut left = height;
    let mut given: Vec<(Panel, u16)> = Vec::new();
    let mut left_out = Vec::new();
    for (panel, least) in BY_WEIGHT {
        // Half a header still says which phase it is.
        let least = match panel {
            Panel::Header => least.min(height),
            Panel::Gates => least.min(wants.gates),
            _ => least,
        };
        if least <= left && left_out.is_empty() {
            left -= least;
            given.push((panel, least));
        } else {
            left_out.push(panel);
        }
    }
    let mut grow = |panel: Panel, to: u16| {
        if let Some((_, rows)) = given.iter_mut().find(|(it, _)| *it == panel) {
            let more = to.saturating_sub(*rows).min(left);
            *rows += more;
            left -= more;
        }
    };
    grow(Panel::Work, wants.work.min(7));
    grow(Panel::Header, 3);
    grow(Panel::Gates, wants.gates.min(5));
    grow(Panel::State, wants.state.min(4));
    grow(Panel::Journal, wants.journal.min(3));
    grow(Panel::State, wants.state.min(6));
    grow(Panel::Journal, wants.journal.min(4));
    grow(Panel::Gates, wants.gates);
    grow(Panel::Charts, 7);
    grow(Panel::State, wants.state);
    grow(Panel::Journal, wants.journal.min(12));
    grow(Panel::Charts, 11);
    grow(Panel::Journal, u16::MAX);
    let rows = FROM_THE_TOP
        .into_iter()
        .filter_map(|panel| given.iter().find(|(it, _)| *it == panel).copied())
        .collect();
    Plan { rows, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTS: Wants = Wants { work: 4, state: 9, gates: 7, journal: 30 };

    #[test]
    fn every_panel_is_there_at_24_rows() {
        let plan = plan(23, WANTS);
        assert_eq!(plan.left_out, []);
        assert_eq!(plan.rows.iter().map(|(_, rows)| rows).sum::<u16>(), 23);
    }

    #[test]
    fn no_row_is_given_twice_and_what_is_left_out_is_named() {
        for height in 0..200 {
            let plan = plan(height, WANTS);
            assert!(plan.rows.iter().map(|(_, rows)| rows).sum::<u16>() <= height, "{height}");
            assert_eq!(plan.rows.len() + plan.left_out.len(), 6, "{height}");
        }
        let small = plan(9, WANTS);
        assert_eq!(small.left_out, [Panel::State, Panel::Charts, Panel::Journal]);
    }
}
