fn total(values: &[u32]) -> u32 {
    let length = values.len() as u32;
    values.iter().sum::<u32>() / length
}

fn main() {
    println!("{}", total(&[1, 2]));
}
