//! The page at phone and desktop widths, in light and dark, as files to look at:
//! `SCREENSHOTS=DIR cargo test -p cutover-cli --test main serve::screenshots`.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::json;

use super::browser::drive;
use super::support::{Served, run, started};

const WIDTHS: [(&str, u32); 2] = [("phone", 375), ("desktop", 1280)];

/// A migration with something to be seen everywhere: half filled, paused, with differences.
fn busy() -> Served {
    let served = Served::on(started(120_000), "--control");
    run(&served.dir, "pace --rows-per-second 4000");
    assert_eq!(served.order("backfill", "{}").status, 202);
    served.until("rows pass", |seen| seen["backfill"]["done"].as_u64() > Some(12_000));
    assert_eq!(served.order("pause", "{}").status, 200);
    served
}

/// A migration whose mirror was damaged, so that a verification finds something.
pub(crate) fn damaged() -> Served {
    let dir = started(1500);
    run(&dir, "backfill");
    run(&dir, "advance --to read-new");
    let conn = Connection::open(dir.path().join("app.db")).unwrap();
    for trigger in ["customers", "addresses"] {
        let names: Vec<String> = conn
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?")
            .unwrap()
            .query_map([trigger], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for name in names {
            conn.execute_batch(&format!("DROP TRIGGER \"{name}\"")).unwrap();
        }
    }
    conn.execute_batch(
        "UPDATE addresses SET city = 'Cittadella' WHERE customer_id IN (3, 40, 77);
         DELETE FROM addresses WHERE customer_id = 500;
         INSERT INTO customers VALUES (99999, 'nobody’s');",
    )
    .unwrap();
    let served = Served::on(dir, "--control");
    assert_eq!(served.order("verify", "{}").status, 202);
    served.until("it was verified", |seen| seen["verification"]["command"] == "verify");
    served
}

#[test]
fn screenshots_at_phone_and_desktop_widths() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = std::env::var_os("SCREENSHOTS").map_or(temporary.path().into(), PathBuf::from);
    std::fs::create_dir_all(&dir).unwrap();
    drive(async |browser| {
        for (name, served) in [("backfill", busy()), ("differences", damaged())] {
            browser.width(1280, 900).await;
            browser.open(&served.url).await;
            browser.run("document.getElementById('plan-show').click()").await;
            browser.until("the plan", "document.querySelector('#plan details')").await;
            browser.until("the history", "document.querySelector('#history li')").await;
            browser.run("document.querySelectorAll('#plan details')[1].open = true; document.activeElement.blur()").await;
            for (width, pixels) in WIDTHS {
                for scheme in ["light", "dark"] {
                    browser.scheme(scheme).await;
                    browser.width(pixels, 900).await;
                    let height = browser.run("return document.documentElement.scrollHeight").await;
                    browser.width(pixels, u32::try_from(height.as_u64().unwrap()).unwrap()).await;
                    let wide = browser.run("return document.documentElement.scrollWidth").await;
                    assert_eq!(wide, json!(pixels), "{name} scrolls sideways at {pixels}");
                    let file = dir.join(format!("{name}-{width}-{scheme}.png"));
                    let png = browser.shot().await;
                    assert!(png.starts_with(b"\x89PNG"), "{name}");
                    std::fs::write(file, png).unwrap();
                }
            }
        }
    });
}
