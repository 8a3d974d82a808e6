use std::io;
use std::io::Read;

fn main() -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    println!("{}", text.len());
    Ok(())
}
