use std::fmt
use std::io;

fn main() {}
