//! Waits.

use std::collections::BTreeMap;
use std::collections::HashSet;
use std::env;
use std::time::Duration;

fn main() {
    let mut seen: BTreeMap<String, HashSet<u8>> = BTreeMap::new();
    seen.insert(env::args().next().unwrap(), HashSet::new());
    std::thread::sleep(Duration::from_millis(5));
}
