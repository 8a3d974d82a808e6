//! Waits.

use std::collections::BTreeMap;
use std::env;

fn main() {
    let mut seen: BTreeMap<String, HashSet<u8>> = BTreeMap::new();
    seen.insert(env::args().next().unwrap(), HashSet::new());
    std::thread::sleep(Duration::from_millis(5));
}
