//! What those stand on who look at a migration for long and steer it, the dashboard and the web
//! page: [`lookout`] looks at it again and again, [`helm`] carries out what is asked for, one
//! long thing at a time. Neither prints, and neither knows who looks.

pub(crate) mod helm;
pub(crate) mod lookout;
