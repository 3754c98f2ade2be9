//! `cutover serve`, as whoever connects to it meets it.
//!
//! | module | what it holds |
//! |---|---|
//! | `support` | a served migration, and a plain HTTP client that says exactly what a test wants |
//! | `api` | the answers, held to the OpenAPI document; the document, held to the routes |
//! | `orders` | what buttons and scripts may do, and the journal |
//! | `access` | hosts, origins, tokens, addresses, headers |
//! | `limits` | sizes, connections, time |
//! | `metrics` | Prometheus' format and names |
//! | `browser` | a real Chromium, driven through its WebDriver |
//! | `page` | the page in it |
//! | `screenshots` | the page at phone and desktop widths, in light and dark, as files |

mod access;
mod api;
mod browser;
mod limits;
mod metrics;
mod orders;
mod page;
mod screenshots;
mod support;
