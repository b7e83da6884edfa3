//! Who watches generations is told what the commits touch.

use selfsame_core::{Lost, Request, WatchId, limits::TOUCHED_MAX};
use selfsame_projections::{Key, Touched};
use selfsame_record::{Position, VersionNo};

use crate::desk::{Desk, V2};

const V1: VersionNo = VersionNo::FIRST;

fn v2() -> VersionNo {
    VersionNo::new(2).unwrap()
}

/// The touched rows as texts: version, projection, key.
fn shown(desk: &Desk, version: VersionNo, touched: &Touched) -> String {
    let plan = desk.core.plan(version).unwrap();
    format!("{version} {} {}", plan.at(touched.projection).unwrap().name(), touched.key)
}

fn take(desk: &mut Desk, id: &WatchId) -> Result<Vec<String>, Lost> {
    let rows = desk.serving.take_touched(id)?;
    Ok(rows.iter().flat_map(|(v, rows)| rows.iter().map(|t| shown(desk, *v, t))).collect())
}

fn followed(desk: &Desk) -> Option<Vec<String>> {
    let (version, touched) = desk.serving.last_touched()?;
    Some(touched.iter().map(|t| shown(desk, version, t)).collect())
}

#[test]
fn a_watch_is_told_each_touched_row_once_and_takes_nobody_elses() {
    let mut desk = Desk::at_v1();
    desk.publish("before");
    let one = desk.serving.watch(&[V1]).unwrap();
    let at = desk.publish("a");
    let other = desk.serving.watch(&[V1]).unwrap();
    let again = desk.event("again", r#"{"user_id":"ua","email":"new"}"#);
    desk.ask(again).unwrap();
    let second = at.next();
    assert_eq!(desk.serving.touched_waiting(&one), Ok(3));
    let mut all = take(&mut desk, &one).unwrap();
    all.sort();
    assert_eq!(all, ["v1 profile ua".to_owned(), format!("v1 welcome {at}"), format!("v1 welcome {second}")]);
    assert_eq!(take(&mut desk, &one).unwrap(), [""; 0]);
    let (lease, _) = desk.lease("welcome", 2);
    desk.ack(at, lease.unwrap()).unwrap();
    assert_eq!(take(&mut desk, &one).unwrap(), [format!("v1 welcome {at}")], "a job that is done");
    desk.serving.unwatch(one);
    assert_eq!(take(&mut desk, &other).unwrap().len(), 3);
    assert!(desk.serving.generation(V1).unwrap().is_watched());
    desk.serving.unwatch(other);
    assert!(!desk.serving.generation(V1).unwrap().is_watched());
}

#[test]
fn a_watch_covers_several_generations_and_ends_when_one_goes() {
    let mut desk = Desk::at_v1();
    assert_eq!(desk.serving.watch(&[V1, v2()]), Err(v2()), "it is not there");
    assert!(!desk.serving.generation(V1).unwrap().is_watched());
    desk.candidate(V2);
    let id = desk.serving.watch(&[V1, v2()]).unwrap();
    let only = desk.serving.watch(&[V1]).unwrap();
    desk.publish("a");
    let touched = take(&mut desk, &id).unwrap();
    assert_eq!(touched.len(), 5, "{touched:?}");
    desk.ask(Request::Drop { version: v2() }).unwrap();
    assert_eq!(take(&mut desk, &id), Err(Lost::Generation(v2())));
    desk.serving.unwatch(id);
    assert_eq!(take(&mut desk, &only).unwrap().len(), 2);
    desk.serving.unwatch(only);
    assert!(!desk.serving.generation(V1).unwrap().is_watched());
}

#[test]
fn a_generation_that_was_built_again_is_another_one() {
    let mut desk = Desk::at_v1();
    desk.candidate(V2);
    let id = desk.serving.watch(&[v2()]).unwrap();
    desk.ask(Request::Drop { version: v2() }).unwrap();
    desk.candidate(V2);
    assert_eq!(desk.serving.touched_waiting(&id), Err(Lost::Generation(v2())));
    desk.serving.unwatch(id);
    assert!(!desk.serving.generation(v2()).unwrap().is_watched());
}

#[test]
fn followers_see_what_the_last_commit_touched_where_reads_are_answered() {
    let mut desk = Desk::at_v1();
    desk.publish("a");
    assert_eq!(followed(&desk), None);
    desk.serving.follow();
    desk.serving.follow();
    let at = desk.publish("b");
    let expect = vec!["v1 profile ub".to_owned(), format!("v1 welcome {at}")];
    assert_eq!(followed(&desk), Some(expect.clone()));
    desk.serving.unfollow();
    assert_eq!(followed(&desk), Some(expect), "the other one follows");
    desk.candidate(V2);
    desk.cutover(v2(), Some(V1)).unwrap();
    assert_eq!(desk.serving.last_touched(), Some((v2(), &[][..])));
    assert!(!desk.serving.generation(V1).unwrap().is_watched());
    let event = desk.event("c", r#"{"user_id":"uc","email":"c@x","locale":"de"}"#);
    desk.ask(event).unwrap();
    let at = desk.core.head();
    let expect = ["v2 profile uc".to_owned(), format!("v2 survey {at}"), format!("v2 welcome {at}")];
    assert_eq!(followed(&desk), Some(expect.to_vec()));
    desk.serving.unfollow();
    let event = desk.event("d", r#"{"user_id":"ud","email":"d@x","locale":"de"}"#);
    desk.ask(event).unwrap();
    assert_eq!(followed(&desk), None);
    assert!(desk.serving.generations().all(|(_, generation)| !generation.is_watched()));
}

#[test]
fn a_watch_that_nobody_takes_from_is_lost() {
    let mut desk = Desk::at_v1();
    let id = desk.serving.watch(&[V1]).unwrap();
    let mut published = 0;
    while desk.serving.touched_waiting(&id).is_ok_and(|waiting| waiting + 2000 <= TOUCHED_MAX) {
        let data: Vec<(String, String)> = (published..published + 1000)
            .map(|n| (n.to_string(), format!(r#"{{"user_id":"u{n}","email":"e"}}"#)))
            .collect();
        let data: Vec<(&str, &str)> = data.iter().map(|(id, json)| (&**id, &**json)).collect();
        let request = desk.events(&data, None);
        desk.ask(request).unwrap();
        published += 1000;
    }
    assert_eq!(desk.serving.touched_waiting(&id), Ok(TOUCHED_MAX));
    desk.publish("one more");
    assert_eq!(take(&mut desk, &id), Err(Lost::TooMany(V1)));
    assert!(!desk.serving.generation(V1).unwrap().is_watched(), "it costs nothing from here on");
    desk.serving.unwatch(id);
}

#[test]
fn keys_are_shown_as_readers_name_them() {
    assert_eq!(Key::Row("ada".into()).to_string(), "ada");
    assert_eq!(Key::Job(Position::new(7)).to_string(), "#7");
}
