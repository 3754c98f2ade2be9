//! Reads the migration file that the user named.

use std::io::Read as _;
use std::path::Path;

use cli_kit::Failure;
use cli_kit::render;

/// The largest migration file that is read. A real one has a few KiB; a database that was
/// named by mistake has more than this.
const LARGEST_FILE: u64 = 4 << 20;

/// The SQL file in the same directory that may have been meant by a name.
fn similar(path: &Path) -> Option<String> {
    let typed = path.file_name()?.to_str()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = directory.unwrap_or(Path::new(".")).read_dir().ok()?;
    let (_, meant) = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".sql"))
        .map(|name| (strsim::jaro(typed, &name), name))
        .filter(|(alike, _)| *alike > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    Some(path.with_file_name(meant).display().to_string())
}

/// Reads a migration file that the user named.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let failure = |reason: String| {
        let fix = match similar(path).filter(|_| !path.exists()) {
            Some(meant) => format!("there is {meant}"),
            None => "name a migration file; `cutover new --help` shows how to draft one".to_owned(),
        };
        Failure::unusable(format!("{}: {reason}", path.display()), fix)
    };
    let meta = path.metadata().map_err(|error| failure(error.to_string()))?;
    // Opening a FIFO would wait for a writer, and a device may never end.
    if !meta.is_file() {
        return Err(failure("this is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| failure(error.to_string()))?;
    if bytes.len() as u64 > LARGEST_FILE {
        let limit = render::bytes(LARGEST_FILE);
        return Err(failure(format!("this is larger than {limit}, which no migration file is")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        failure(format!("the text is not UTF-8 from line {line} on"))
    })
}
