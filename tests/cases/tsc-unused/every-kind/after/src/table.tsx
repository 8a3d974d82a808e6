import { join } from 'node:path';
import { useState } from 'react';
import {
  first
} from './order';
import dayjs from 'dayjs';

export const top = dayjs(first(join('a', 'b')));

export function Table(props: { rows: number[] }, _context: unknown) {
  const [page] = useState(1);
  const { rows } = props as any;
  return rows.map((row, _index) => row * page);
}

export const Cell = ({ title, color }: CellProps) => <td className={color}>It's {title}</td>;
