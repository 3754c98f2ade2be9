//! The page in a real browser.

use std::process::Stdio;

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::{Browser, drive};
use super::screenshots::damaged;
use super::support::{Served, command, run, started};

/// Nothing went wrong, and nothing was asked of anybody else.
async fn calm(browser: &Browser, served: &Served) {
    let console = browser.console().await;
    assert_eq!(console, Vec::<String>::new());
    let requested = browser.requested().await;
    assert!(requested.iter().any(|url| url.ends_with("/api/v1/events")), "{requested:?}");
    let ours = format!("http://{}/", served.host);
    for url in requested.iter().filter(|url| *url != "about:blank") {
        assert!(url.starts_with(&ours), "{url}");
    }
}

const PERCENT: &str =
    "Number(document.querySelector('[role=progressbar]').getAttribute('aria-valuenow'))";

fn text(id: &str, says: &str) -> String {
    format!("document.getElementById('{id}').textContent.includes({})", json!(says))
}

fn pressed(order: &str) -> String {
    format!("document.querySelector('[data-order={order}]').click()")
}

/// A backfill that another terminal runs is seen, and is seen to move.
#[test]
fn a_running_migration_is_shown_and_moves() {
    let served = Served::on(started(60_000), "");
    run(&served.dir, "pace --rows-per-second 6000");
    let mut backfill = command(&served.dir, "backfill").stdout(Stdio::null()).spawn().unwrap();
    drive(async |browser| {
        browser.open(&served.url).await;
        browser.until("it is named", &text("name", "split-address")).await;
        browser
            .until(
                "its phase",
                "document.querySelector('[aria-current=step]').textContent.includes('dual-write')",
            )
            .await;
        browser.until("rows pass", &format!("{PERCENT} > 0")).await;
        let first = browser.run(&format!("return {PERCENT}")).await.as_f64().unwrap();
        browser.until("more rows pass", &format!("{PERCENT} > {first}")).await;
        browser.until("a rate", &text("work", "rows/s")).await;
        run(&served.dir, "pace --fast");
        browser.until("it is done", &format!("{PERCENT} === 100")).await;
        // No buttons where nothing can be ordered.
        assert_eq!(
            browser.run("return document.getElementById('controls').hidden").await,
            json!(true)
        );
        // What another terminal does is seen without a reload, and told to who can't see.
        run(&served.dir, "advance");
        browser
            .until(
                "the next phase",
                "document.querySelector('[aria-current=step]').textContent.includes('read-new')",
            )
            .await;
        browser.until("it is told", &text("told", "read-new")).await;
        browser.until("the history", &text("history", "backfill-complete")).await;
        calm(&browser, &served).await;
    });
    assert!(backfill.wait().unwrap().success());
}

/// Pause and resume with the token from the address, which then no longer holds it.
#[test]
fn a_control_works_and_is_refused_without_the_token() {
    let served = Served::on(started(60_000), "--control");
    let journal = || run(&served.dir, "history --json");
    drive(async |browser| {
        let bare = format!("http://{}/", served.host);
        browser.open(&bare).await;
        // Without the token there are no buttons, and a request from the page is refused.
        assert_eq!(
            browser.run("return document.getElementById('orders').hidden").await,
            json!(true)
        );
        let before = journal();
        let status = browser
            .run(
                "return fetch('/api/v1/orders/pause', {method: 'POST', body: '{}', \
                 headers: {'Content-Type': 'application/json'}}).then((answer) => answer.status)",
            )
            .await;
        assert_eq!(status, json!(401));
        // A wrong one, typed.
        browser.run("document.getElementById('key-token').value = 'wrong'; document.querySelector('#key button').click()").await;
        browser.until("buttons", "!document.getElementById('orders').hidden").await;
        browser
            .until("pause is possible", "!document.querySelector('[data-order=pause]').disabled")
            .await;
        browser.run(&pressed("pause")).await;
        browser.until("it is refused", &text("outcome", "the token is wrong")).await;
        assert_eq!(journal(), before);
        // The console tells of answers that are refusals; there is nothing else in it.
        for line in browser.console().await {
            assert!(line.contains("401"), "{line}");
        }
        browser.open(&served.url).await;
        let address = browser.client.current_url().await.unwrap();
        assert_eq!(address.as_str(), bare, "the address keeps no token");
        browser.run(&pressed("pause")).await;
        browser.until("it is paused", &text("alerts", "Work is paused")).await;
        assert_ne!(journal(), before);
        browser
            .until("resume is possible", "!document.querySelector('[data-order=resume]').disabled")
            .await;
        browser.run(&pressed("resume")).await;
        browser.until("it goes on", "!document.getElementById('alerts').textContent").await;
        calm(&browser, &served).await;
    });
    let entries: Value = serde_json::from_str(&journal()).unwrap();
    let actor = entries.as_array().unwrap().last().unwrap()["actor"].as_str().unwrap().to_owned();
    assert!(actor.starts_with("tester via web from 127.0.0.1:"), "{actor}");
}

/// What comes next is a button for who may give it, and a command to copy for everybody else.
#[test]
fn what_is_next_is_a_button() {
    let served = Served::new("--control");
    let next = "document.querySelector('#next li')";
    drive(async |browser| {
        browser.open(&format!("http://{}/", served.host)).await;
        let command = format!("{next}?.querySelector('code')?.textContent.includes('backfill')");
        browser.until("the command", &command).await;
        browser.open(&served.url).await;
        browser.until("the button", &format!("{next}?.querySelector('button')")).await;
        let said = browser.run(&format!("return {next}.textContent")).await;
        assert!(said.as_str().unwrap().starts_with("Nextto fill the new tables: "), "{said}");
        browser.run(&format!("{next}.querySelector('button').click()")).await;
        browser.until("it is filled", &format!("{PERCENT} === 100")).await;
        let advance = format!("{next}?.querySelector('button')?.dataset.gives === 'advance'");
        browser.until("what is next then", &advance).await;
        calm(&browser, &served).await;
    });
}

/// With the keyboard alone: to the content, to a button, through the question before a step.
#[test]
fn the_keyboard_is_enough() {
    use fantoccini::key::Key;
    let served = Served::new("--control");
    drive(async |browser| {
        browser.open(&served.url).await;
        let press = async |key: Key| {
            let active = browser.client.active_element().await.unwrap();
            active.send_keys(&char::from(key).to_string()).await.unwrap();
        };
        let focused = async || {
            browser
                .run("const e = document.activeElement; return e.dataset.order ?? e.id ?? ''")
                .await
        };
        press(Key::Tab).await;
        let first = browser.run("return document.activeElement.className").await;
        assert_eq!(first, json!("skip"));
        press(Key::Enter).await;
        assert_eq!(focused().await, json!("main"));
        browser
            .until(
                "advance is possible",
                "!document.querySelector('[data-order=advance]').disabled",
            )
            .await;
        for _ in 0..40 {
            if focused().await == json!("advance") {
                break;
            }
            press(Key::Tab).await;
        }
        assert_eq!(focused().await, json!("advance"));
        // Escape leaves everything as it was.
        press(Key::Enter).await;
        browser.until("it is asked", "document.getElementById('sure').open").await;
        assert_eq!(focused().await, json!("sure-no"));
        press(Key::Escape).await;
        browser.until("the question is gone", "!document.getElementById('sure').open").await;
        assert_eq!(focused().await, json!("advance"), "the focus is where it was");
        assert_eq!(served.get("/api/v1/snapshot").json()["phase"], "dual-write");
        press(Key::Enter).await;
        browser.until("it is asked again", "document.getElementById('sure').open").await;
        press(Key::Tab).await;
        assert_eq!(focused().await, json!("sure-yes"));
        press(Key::Enter).await;
        browser
            .until(
                "the next phase",
                "document.querySelector('[aria-current=step]').textContent.includes('read-new')",
            )
            .await;
        calm(&browser, &served).await;
    });
}

/// What a screen reader goes by: names, headings in order, landmarks, a text for each chart.
#[test]
fn a_screen_reader_finds_its_way() {
    let served = Served::new("--control");
    drive(async |browser| {
        browser.open(&served.url).await;
        browser.until("charts", "document.querySelectorAll('#charts svg').length === 4").await;
        let unnamed = browser
            .run(
                "const name = (e) => e.getAttribute('aria-label') || e.textContent.trim() \
                 || [...(e.labels ?? [])].map((l) => l.textContent).join('') || e.getAttribute('aria-labelledby'); \
                 return [...document.querySelectorAll('button, input, select, summary, dialog, svg, table th, [role=region], [role=progressbar]')] \
                 .filter((e) => !name(e)).map((e) => e.outerHTML)",
            )
            .await;
        assert_eq!(unnamed, json!([]));
        let headings = browser
            .run("return [...document.querySelectorAll('#all h1, #all h2, #all h3')].map((h) => Number(h.tagName[1]))")
            .await;
        let headings: Vec<u64> = serde_json::from_value(headings).unwrap();
        assert_eq!(headings.iter().filter(|level| **level == 1).count(), 1);
        assert_eq!(headings[0], 1);
        for landmark in ["main", "header", "footer", "[lang=en]", "[role=status]"] {
            let found =
                browser.run(&format!("return !!document.querySelector('{landmark}')")).await;
            assert_eq!(found, json!(true), "{landmark}");
        }
        let charts = browser
            .run("return [...document.querySelectorAll('#charts svg')].map((e) => e.getAttribute('aria-label'))")
            .await;
        for label in charts.as_array().unwrap() {
            assert!(label.as_str().unwrap().contains("at most"), "{label}");
        }
        calm(&browser, &served).await;
    });
}

/// Light and dark differ, and in both text stands out as WCAG AA asks for.
#[test]
fn light_and_dark_can_be_read() {
    let served = Served::new("--control");
    drive(async |browser| {
        browser.open(&served.url).await;
        let mut grounds = Vec::new();
        for scheme in ["light", "dark"] {
            browser.scheme(scheme).await;
            let poor = browser.run(include_str!("contrast.js")).await;
            assert_eq!(poor, json!([]), "{scheme}");
            grounds
                .push(browser.run("return getComputedStyle(document.body).backgroundColor").await);
        }
        assert_ne!(grounds[0], grounds[1]);
        calm(&browser, &served).await;
    });
}

/// Names and actors are whatever somebody typed. None becomes an element, and none runs.
#[test]
fn a_text_never_becomes_markup() {
    let served = Served::new("");
    let hostile =
        "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>";
    let done = command(&served.dir, "pause").args(["--actor", hostile]).output().unwrap();
    assert!(done.status.success());
    drive(async |browser| {
        browser.open(&served.url).await;
        browser.until("the alert", &text("alerts", hostile)).await;
        browser.until("the history", &text("history", hostile)).await;
        let made =
            browser.run("return document.querySelectorAll('main img, main script').length").await;
        assert_eq!(made, json!(0));
        let title = browser.client.title().await.unwrap();
        assert!(title.starts_with("split-address"), "{title}");
        // Nor could it: the policy holds even for a script that tried.
        let tried = browser
            .run("try { document.body.innerHTML = '<p>x</p>'; return 'set' } catch (e) { return e.name }")
            .await;
        assert_eq!(tried, json!("TypeError"));
    });
}

/// What the last verification found can be looked through, and so can the plan.
#[test]
fn differences_and_the_plan_can_be_looked_through() {
    let served = damaged();
    let found = served.get("/api/v1/differences").is(200).json();
    let all = found["differences"].as_array().unwrap().len();
    let of_customers = found["differences"].as_array().unwrap().iter();
    let of_customers = of_customers.filter(|it| it["table"] == "customers").count();
    assert!(of_customers > 0 && of_customers < all, "{found}");
    const SHOWN: &str = "document.querySelectorAll('#differences tbody tr').length";
    drive(async |browser| {
        browser.open(&served.url).await;
        browser.until("all of them", &format!("{SHOWN} === {all}")).await;
        let select = browser.client.find(Locator::Id("d-table")).await.unwrap();
        select.select_by_value("customers").await.unwrap();
        browser.until("those of a table", &format!("{SHOWN} === {of_customers}")).await;
        select.select_by_value("").await.unwrap();
        let search = browser.client.find(Locator::Id("d-text")).await.unwrap();
        search.send_keys("99999").await.unwrap();
        browser.until("the one of a key", &format!("{SHOWN} === 1")).await;
        browser.client.find(Locator::Id("plan-show")).await.unwrap().click().await.unwrap();
        browser.until("the plan", "document.querySelector('#plan summary')").await;
        let shown = browser
            .run("return [...document.querySelectorAll('#plan details')].map((step) => step.querySelector('pre').textContent)")
            .await;
        let plan = served.get("/api/v1/plan").is(200).json();
        let steps = plan["steps"].as_array().unwrap();
        assert_eq!(shown.as_array().unwrap().len(), steps.len());
        for (shown, step) in shown.as_array().unwrap().iter().zip(steps) {
            for statement in step["statements"].as_array().unwrap() {
                let statement = statement.as_str().unwrap().trim_end().trim_end_matches(';');
                assert!(shown.as_str().unwrap().contains(statement), "{statement}");
            }
        }
        calm(&browser, &served).await;
    });
}

/// There and back and to the end, by another terminal: the page follows, and nothing in it fails.
#[test]
fn every_phase_is_shown() {
    let served = Served::new("--control");
    drive(async |browser| {
        browser.open(&served.url).await;
        run(&served.dir, "backfill");
        for (line, phase) in [
            ("advance", "read-new"),
            ("advance", "write-new"),
            ("advance", "new-only"),
            ("rollback", "write-new"),
            ("advance", "new-only"),
            ("advance --to retired --yes", "retired"),
        ] {
            run(&served.dir, line);
            let is = format!(
                "document.querySelector('[aria-current=step] .p-name').textContent === '{phase}'"
            );
            browser.until(phase, &is).await;
            let title = format!("document.title === 'split-address: {phase}'");
            browser.until("the title", &title).await;
            if phase == "new-only" {
                // Retiring cannot be undone, so it is confirmed in a terminal.
                let advance = "document.querySelector('[data-order=advance]').disabled";
                browser.until("no button retires", advance).await;
            }
        }
        let possible = "[...document.querySelectorAll('[data-order]')].filter((it) => !it.disabled).map((it) => it.dataset.order)";
        browser.until("nothing is left to be done", &format!("{possible}.length === 0")).await;
        calm(&browser, &served).await;
    });
}

/// A private server's page asks for the token, and shows nothing until it has it.
#[test]
fn a_private_page_asks_for_the_token() {
    let served = Served::new("--private");
    drive(async |browser| {
        let bare = format!("http://{}/", served.host);
        browser.client.goto(&bare).await.unwrap();
        browser.until("it asks", "!document.getElementById('login').hidden").await;
        let shown = browser.run("return document.body.innerText").await;
        assert!(!shown.as_str().unwrap().contains("split-address"), "{shown}");
        let token = json!(served.token);
        browser.run(&format!("document.getElementById('login-token').value = {token}; document.querySelector('#login button').click()")).await;
        browser.until("it shows", &text("name", "split-address")).await;
    });
}

/// A server that goes away is said to have gone, with what was seen last; one that comes back
/// is heard again.
#[test]
fn a_lost_connection_is_told() {
    let served = Served::new("");
    drive(async |browser| {
        browser.open(&served.url).await;
        drop(served);
        browser
            .until("it is lost", "document.getElementById('link').dataset.state === 'lost'")
            .await;
        browser.until("since when", &text("link-text", "seen at")).await;
        browser.until("what was seen is still there", &text("name", "split-address")).await;
    });
}
