export function sign(value: number): number {
  if (Math.abs(value) > 0 {
    return 1;
  }
  return 0;
}
