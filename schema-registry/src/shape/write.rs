//! A row, or what a decoder makes of one, as JSON text: properties in the order of their keys, then the
//! members that the schema does not name.

use selfsame_record::{RowRead, ValueRef};

use super::EventShape;
use crate::json::text;

/// Values by the slots of a shape.
pub(crate) trait View {
    /// The value in a slot.
    fn value(&self, slot: u16) -> ValueRef<'_>;
    /// Calls `each` with key and JSON text of the members of `host` that the shape does not name.
    fn extras(&self, host: u16, each: &mut dyn FnMut(&str, &str));
}

/// A row in its own shape.
struct Plain<'a, R>(&'a R);

impl<R: RowRead> View for Plain<'_, R> {
    fn value(&self, slot: u16) -> ValueRef<'_> {
        self.0.slot(slot)
    }

    fn extras(&self, host: u16, each: &mut dyn FnMut(&str, &str)) {
        let extras = (0..self.0.extras_len()).filter_map(|index| self.0.extra(index));
        extras.filter(|(at, ..)| *at == host).for_each(|(_, key, json)| each(key, json));
    }
}

impl EventShape {
    /// The payload as compact JSON, value for value as it was read.
    pub fn write_json<R: RowRead>(&self, row: &R) -> String {
        let mut out = String::new();
        self.write_slot(row, 0, &mut out);
        out
    }

    /// Appends what lies in and below a slot; nothing if it is absent.
    pub(crate) fn write_slot<R: RowRead>(&self, row: &R, slot: u16, out: &mut String) {
        write_slot(self, &Plain(row), slot, out);
    }
}

/// Appends the value in a slot with all that lies below; nothing if it is absent.
pub(crate) fn write_slot<V: View>(shape: &EventShape, view: &V, slot: u16, out: &mut String) {
    match view.value(slot) {
        ValueRef::Object => write_object(shape, view, slot, out),
        value => text::write_value(out, value),
    }
}

fn write_object<V: View>(shape: &EventShape, view: &V, host: u16, out: &mut String) {
    out.push('{');
    let mut first = true;
    let mut write_key = |out: &mut String, key: &str| {
        if !first {
            out.push(',');
        }
        first = false;
        text::write_string(out, key);
        out.push(':');
    };
    for (key, slot) in shape.members(host) {
        if !view.value(*slot).is_absent() {
            write_key(out, key);
            write_slot(shape, view, *slot, out);
        }
    }
    view.extras(host, &mut |key, json| {
        write_key(out, key);
        out.push_str(json);
    });
    out.push('}');
}
