//! What identity, protection and policy add to the admission of an event.
//!
//! - Floor: the event's name looked up in two hash tables, as whatever knows a decision already has to.
//! - Peer: the same policy asked anew for each event, by Cedar itself.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use selfsame_core::{Ask, Context, Plane, Resource, Settings};
use selfsame_log::MemoryLog;
use selfsame_node::Engine;
use selfsame_record::Principal;

use crate::Scale;
use crate::corpus::{V1, draft};
use crate::fort::Fort;
use crate::report::{median, table, time};

pub(crate) async fn run(scale: Scale) {
    let engine = Engine::start(Arc::new(MemoryLog::new()), Settings { standbys_max: 0 }).expect("an engine");
    let handle = engine.handle().clone();
    let agent = Principal::parse("coder").expect("a name");
    let registered = handle.register(&agent, V1.to_owned()).await;
    assert!(registered.outcome.is_ok(), "{registered:?}");
    crate::fort::take_live(&handle, &agent).await;
    let open = handle.admission();
    let fort = Fort::make();
    handle.bind(Some(Arc::clone(&fort.boundary))).await.outcome.expect("it is in force");
    let bound = handle.admission();
    let web = Principal::parse("web").expect("a name");
    let drafts: Vec<_> = (0..64).map(|number| draft(number, 1000)).collect();
    let count = scale.validations;
    let all = || (0..count).zip(drafts.iter().cycle()).map(|(_, draft)| draft);
    let tables: HashMap<&str, HashMap<&str, bool>> =
        [("web", [("page.viewed", true)].into())].into_iter().collect();
    let resource = Resource::EventType("page.viewed");
    let ask = Ask { principal: "web", action: "publish", resource, context: Context::default() };
    let mut figures: [Vec<f64>; 5] = Default::default();
    for _ in 0..scale.runs {
        let measured = [
            each(count, || all().for_each(|draft| drop(black_box(open.admit(draft, None, None))))),
            each(count, || {
                all().for_each(|draft| {
                    drop(black_box(bound.admit_from((&web, Plane::Open), draft, None, None)))
                });
            }),
            each(count, || {
                for _ in 0..count {
                    let _ = black_box(handle.identify(Some(&fort.web)));
                }
            }),
            each(count, || {
                for _ in 0..count {
                    black_box(tables.get(black_box("web")).and_then(|own| own.get(black_box("page.viewed"))));
                }
            }),
            each(count / 100 + 1, || {
                for _ in 0..=count / 100 {
                    assert!(black_box(fort.boundary.policy.allows(black_box(&ask))));
                }
            }),
        ];
        figures.iter_mut().zip(measured).for_each(|(all, one)| all.push(one));
    }
    let [plain, bounded, token, floor, cedar] = figures.map(|mut all| median(&mut all));
    let row = |what: &str, each: f64, note: String| vec![what.to_owned(), time(each), note];
    table(
        "Admission of an event: what identity, protection and the compiled policy add",
        &["what", "per event", "beside"],
        &[
            row("size, form, schema and key alone", plain, String::new()),
            row("and member, protection, policy", bounded, format!("{} more", time(bounded - plain))),
            row("who sends, by token, and their rate", token, "once a request".to_owned()),
            row("floor: two tables", floor, String::new()),
            row(
                "peer: Cedar asked each time",
                cedar,
                format!("{:.0} times what is added", cedar / (bounded - plain)),
            ),
        ],
    );
    engine.stop().await;
}

/// Seconds for each of so many.
fn each(count: u64, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() / count as f64
}
