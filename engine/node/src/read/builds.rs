//! The shadow builds that are under way.

use crate::handle::Handle;
use crate::read::Served;
use crate::read::body::Body;

/// How far each build is: records, rate, time left, memory, budget, and whether it waits.
pub fn builds(handle: &Handle) -> Served {
    let builds = handle.builds();
    handle.read(|serving| {
        let mut body = Body::new(serving.position(), serving.active());
        body.put("builds", &builds);
        body.served()
    })
}
