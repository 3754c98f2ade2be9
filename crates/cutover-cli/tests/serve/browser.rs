//! A real Chromium without a window, driven through its own WebDriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::error::CmdError;
use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

const MISSING: &str = "the page's tests need Chromium and its WebDriver: \
                       install the packages chromium and chromium-driver (Debian, Ubuntu)";

/// A browser. Tests drive it inside of [`drive`].
pub(crate) struct Browser {
    pub(crate) client: Client,
}

struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a browser, has it driven, and ends it.
pub(crate) fn drive<F: Future<Output = ()>>(test: impl FnOnce(Browser) -> F) {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map(Driver)
        .unwrap_or_else(|error| panic!("chromedriver: {error}; {MISSING}"));
    let port = BufReader::new(driver.0.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        })
        .expect("chromedriver says its port");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client(port).await;
        test(Browser { client: client.clone() }).await;
        client.close().await.unwrap();
    });
}

async fn client(port: u16) -> Client {
    // Root can't have Chromium's sandbox; the only page it opens is ours.
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {"args": [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
            "--no-first-run", "--disable-background-networking", "--force-device-scale-factor=1",
            "--lang=en-GB", "--hide-scrollbars",
        ]},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    });
    let Value::Object(capabilities) = capabilities else { unreachable!() };
    let connector = hyper_util::client::legacy::connect::HttpConnector::new();
    ClientBuilder::new(connector)
        .capabilities(capabilities as Capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .unwrap_or_else(|error| panic!("{error}; {MISSING}"))
}

/// A command that the WebDriver standard doesn't have and Chromium's does.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

impl Browser {
    async fn own(&self, path: &'static str, body: Value) -> Result<Value, CmdError> {
        self.client.issue_cmd(Own { path, body }).await
    }

    async fn devtools(&self, cmd: &str, params: Value) {
        self.own("goog/cdp/execute", json!({"cmd": cmd, "params": params})).await.unwrap();
    }

    pub(crate) async fn width(&self, width: u32, height: u32) {
        let params = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", params).await;
    }

    pub(crate) async fn scheme(&self, scheme: &str) {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await;
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client
            .execute(script, vec![])
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until a script gives true; half a minute at most.
    pub(crate) async fn until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while self.run(&format!("return Boolean({script})")).await != json!(true) {
            if began.elapsed() > Duration::from_secs(30) {
                let text = self.run("return document.body.innerText").await;
                panic!("never: {what}\n{}", text.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The page once it has shown a look.
    pub(crate) async fn open(&self, url: &str) {
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(url).await.unwrap();
        self.until("the page is live", "document.getElementById('link').dataset.state === 'live'")
            .await;
    }

    /// What the console holds, since it was asked last.
    pub(crate) async fn console(&self) -> Vec<String> {
        let log = self.own("se/log", json!({"type": "browser"})).await.unwrap();
        let lines = log.as_array().cloned().unwrap_or_default();
        lines.iter().map(|line| format!("{} {}", line["level"], line["message"])).collect()
    }

    /// Every address that was asked for.
    pub(crate) async fn requested(&self) -> Vec<String> {
        let log = self.own("se/log", json!({"type": "performance"})).await.unwrap();
        let lines = log.as_array().cloned().unwrap_or_default();
        lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line["message"].as_str()?).ok())
            .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
            .filter_map(|event| {
                event["message"]["params"]["request"]["url"].as_str().map(str::to_owned)
            })
            .collect()
    }

    /// The whole page as a PNG file.
    pub(crate) async fn shot(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }
}
