//! The checker is given what it looks for, one thing at a time, and counts that and nothing else.

use serde_json::json;

use super::*;
use crate::ordinary::shape::Shape::{V1, V2};

const ID: i64 = 7;

/// What a step of a case does to the checker.
enum Step {
    /// An acknowledged write of this revision and locale.
    Write(i64, Option<&'static str>),
    /// A write that begins and is not answered yet.
    WriteBegins,
    WriteFails,
    ReadBegins,
    /// An answer of an instance that speaks this shape: an object of that shape, revision and locale.
    Read(Shape, Shape, i64, &'static str),
    ReadNothing,
    ReadFails,
    Deploy(Shape),
    Deployed,
    MailDue,
    Message(Shape, Shape, bool),
    Mailed,
    GivenUp,
}
use Step::{
    Deploy, Deployed, GivenUp, MailDue, Mailed, Message, Read, ReadBegins, ReadFails, ReadNothing, Write,
    WriteBegins, WriteFails,
};

fn take(checker: &Checker, step: &Step, before: &mut Before, sight: &mut Sight) {
    match step {
        Write(revision, locale) => {
            checker.write_begins(ID);
            checker.written(&User::at(ID, *revision, *locale));
        }
        WriteBegins => checker.write_begins(ID),
        WriteFails => {
            checker.write_begins(ID);
            checker.write_failed(ID, &Failed("no".to_owned()));
        }
        ReadBegins => *before = checker.read_begins(ID),
        Read(speaks, shape, revision, locale) => {
            let object = User::at(ID, *revision, Some(locale)).object(*shape);
            checker.read(ID, *speaks, before, Some(&object), sight);
        }
        ReadNothing => checker.read(ID, V1, before, None, sight),
        ReadFails => checker.read_failed(&Failed("no".to_owned())),
        Deploy(shape) => checker.deployment_begins(*shape),
        Deployed => checker.deployment_ends(),
        MailDue => checker.mail_due(ID),
        Message(shape, worker, read) => checker.message(*shape, *worker, *read),
        Mailed => checker.mailed(ID),
        GivenUp => checker.given_up(),
    }
}

/// One line per case: what happens, and the faults that are counted: all others are 0.
#[track_caller]
fn check(steps: &[Step], faults: &[(&str, u64)]) {
    let (checker, mut sight) = (Checker::default(), Sight::default());
    let mut before = checker.read_begins(ID);
    for step in steps {
        take(&checker, step, &mut before, &mut sight);
    }
    let mut counted = serde_json::to_value(checker.counts()).expect("counts");
    let members = counted.as_object_mut().expect("an object");
    members
        .retain(|name, count| !["objects", "writes", "mails"].contains(&name.as_str()) && *count != json!(0));
    members.remove("first_errors");
    let expected: serde_json::Map<_, _> = faults.iter().map(|(n, c)| ((*n).to_owned(), json!(c))).collect();
    assert_eq!(*members, expected);
}

#[test]
fn an_object_of_another_shape_than_the_instance_speaks_is_counted() {
    check(&[Write(1, None), ReadBegins, Read(V1, V1, 1, "")], &[]);
    check(&[Write(1, None), ReadBegins, Read(V2, V2, 1, "en")], &[]);
    check(&[Deploy(V2), ReadBegins, Read(V2, V1, 1, "")], &[("wrong_shape", 1)]);
    let after = [Deploy(V2), Deployed, ReadBegins, Read(V2, V1, 1, ""), Read(V1, V2, 1, "en")];
    check(&after, &[("wrong_shape", 2), ("wrong_shape_after", 2)]);
}

#[test]
fn an_object_older_than_what_was_acknowledged_before_the_read_is_stale() {
    check(&[Write(1, None), Write(2, None), ReadBegins, Read(V1, V1, 1, "")], &[("stale", 1)]);
    check(&[Write(1, None), ReadBegins, Write(2, None), Read(V1, V1, 1, "")], &[]);
    check(&[Write(1, None), WriteFails, ReadBegins, Read(V1, V1, 2, "")], &[("write_errors", 1)]);
    check(&[Write(1, None), ReadBegins, ReadNothing], &[("missing", 1)]);
    check(&[WriteFails, ReadBegins, ReadNothing, ReadFails], &[("read_errors", 1), ("write_errors", 1)]);
}

#[test]
fn a_locale_that_is_gone_is_lost_once_and_only_if_nobody_was_writing() {
    check(&[Write(1, Some("de")), ReadBegins, Read(V2, V2, 1, "de")], &[]);
    let lost = [Write(1, Some("de")), ReadBegins, Read(V2, V2, 1, "en"), Read(V2, V2, 1, "en")];
    check(&lost, &[("lost_fields", 1)]);
    check(&[Write(1, Some("de")), Write(2, None), ReadBegins, Read(V2, V2, 2, "en")], &[("lost_fields", 1)]);
    check(&[Write(1, Some("de")), WriteBegins, ReadBegins, Read(V2, V2, 1, "en")], &[]);
    check(&[Write(1, Some("de")), ReadBegins, Write(2, Some("fr")), Read(V2, V2, 1, "de")], &[]);
    check(&[Write(1, Some("de")), WriteFails, ReadBegins, Read(V2, V2, 1, "en")], &[("write_errors", 1)]);
    check(&[Write(1, Some("de")), ReadBegins, Read(V1, V1, 1, "")], &[]);
}

#[test]
fn the_old_shape_after_the_new_one_in_one_deployment_is_counted() {
    let new = || Read(V2, V2, 1, "en");
    let old = || Read(V1, V1, 1, "");
    check(&[Deploy(V2), ReadBegins, old(), old(), new(), new()], &[]);
    check(&[Deploy(V2), ReadBegins, old(), new(), old(), new(), old()], &[("back_and_forth", 2)]);
    check(&[Deploy(V2), ReadBegins, new(), Deployed, Deploy(V1), new(), old()], &[]);
}

#[test]
fn names_of_another_revision_are_torn() {
    let checker = Checker::default();
    let mut object = User::at(ID, 2, None).object(V1);
    object["given_name"] = "Given 1".into();
    checker.listed(V1, &[object, User::at(ID, 2, None).object(V1), json!({ "id": ID })]);
    let counts = checker.counts();
    assert_eq!((counts.objects, counts.torn, counts.wrong_shape), (3, 1, 1));
}

#[test]
fn a_job_is_done_once_or_it_is_counted() {
    check(&[MailDue, Message(V1, V1, true), Mailed], &[]);
    check(&[MailDue], &[("lost_jobs", 1)]);
    check(&[MailDue, Mailed, Mailed], &[("doubled_jobs", 1)]);
    check(&[MailDue, Message(V1, V2, true), Mailed], &[("other_shape_messages", 1)]);
    let given_up = [MailDue, Message(V2, V1, false), Message(V2, V1, false), GivenUp];
    let faults =
        [("given_up", 1), ("lost_jobs", 1), ("other_shape_messages", 2), ("unreadable_deliveries", 2)];
    check(&given_up, &faults);
}

#[test]
fn the_first_error_of_each_kind_is_kept() {
    let checker = Checker::default();
    for word in ["one", "two"] {
        checker.read_failed(&Failed(word.to_owned()));
        checker.write_failed(ID, &Failed(word.to_owned()));
    }
    assert_eq!(checker.counts().first_errors, ["a read: one", "a write: one"]);
}
