export function one(): number {
  return 1;
}

export const two = 2;
