//! Which tables a mapping may read.

use turso_parser::ast::{Indexed, Name, QualifiedName};
use turso_parser::token::TokenType;

use super::fault::{Checked, Fault};
use super::functions::TABLE_VALUED;
use super::known::Known;
use super::names::{self, is_reserved};
use super::syntax::{name, place, token};
use super::tokens::Statement;
use super::withs::{Meaning, Withs};
use crate::migration::parsed::Location;
use crate::migration::refuse;
use crate::phase::{Direction, Side};

/// The tables that one mapping reads.
pub(super) struct Tables<'s, 'a> {
    pub(super) statement: &'s Statement<'a>,
    pub(super) known: &'s Known,
    pub(super) direction: Direction,
    pub(super) target: &'s str,
    /// The old tables read so far.
    pub(super) old: Vec<String>,
}

impl Tables<'_, '_> {
    /// Checks a table in a FROM clause.
    pub(super) fn check(
        &mut self,
        table: &QualifiedName,
        indexed: Option<&Indexed>,
        withs: &Withs<'_>,
    ) -> Checked {
        let at = || place(self.statement, &table.name);
        match &table.db_name {
            Some(side) => self.qualified(side, &table.name)?,
            None => match withs.meaning(name(&table.name)) {
                Meaning::Member(_) | Meaning::Step => {}
                Meaning::Itself => return Err(refuse::recursive(at(), name(&table.name))),
                Meaning::Table => return Err(self.unqualified(&table.name)),
            },
        }
        match indexed {
            Some(_) => Err(self.indexed(&table.name)),
            None => Ok(()),
        }
    }

    /// Checks a table-valued function in a FROM clause.
    pub(super) fn check_function(&self, function: &QualifiedName) -> Checked {
        let called = name(&function.name);
        let known = TABLE_VALUED.iter().any(|known| called.eq_ignore_ascii_case(known));
        if known && function.db_name.is_none() {
            return Ok(());
        }
        Err(refuse::table_function(place(self.statement, &function.name), called))
    }

    fn qualified(&mut self, side: &Name, table: &Name) -> Checked {
        let at = place(self.statement, side);
        match names::side(name(side)) {
            Some(Side::Old) => self.old_table(at, name(table)),
            Some(Side::New) => self.new_table(at, name(table)),
            None => {
                let right = self.direction.source();
                Err(refuse::table_elsewhere(at, name(side), name(table), right))
            }
        }
    }

    fn new_table(&self, at: Location, table: &str) -> Checked {
        if !self.known.creates_table(table) {
            return Err(refuse::not_created(at, table));
        }
        if self.direction == Direction::Backward {
            return Ok(());
        }
        if table.eq_ignore_ascii_case(self.target) {
            return Err(refuse::reads_own_target(at, table));
        }
        if !self.known.fills(table) {
            return Err(refuse::not_filled_yet(at, table));
        }
        Ok(())
    }

    fn old_table(&mut self, at: Location, table: &str) -> Checked {
        if self.direction == Direction::Backward {
            return Err(refuse::backward_reads_old(at, table));
        }
        if is_reserved(table) {
            return Err(refuse::table_reserved(at, table));
        }
        self.old.push(table.to_owned());
        Ok(())
    }

    fn unqualified(&self, table: &Name) -> Fault {
        // In a forward mapping either side may be meant; a table that the file
        // itself creates is the new one.
        let side = match self.direction {
            Direction::Forward if !self.known.creates_table(name(table)) => Side::Old,
            _ => Side::New,
        };
        refuse::table_unqualified(place(self.statement, table), name(table), side)
    }

    /// The INDEXED that follows a table.
    fn indexed(&self, table: &Name) -> Fault {
        let start = token(self.statement, table).map_or(0, |token| token.start);
        let mut after = self.statement.tokens.iter().skip_while(|token| token.start < start);
        let found = after.find(|token| token.kind == TokenType::TK_INDEXED);
        refuse::indexed(self.statement.place(found))
    }
}
