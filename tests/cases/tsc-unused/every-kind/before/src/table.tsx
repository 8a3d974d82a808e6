import fs from 'node:fs';
import { join, resolve, sep as separator } from 'node:path';
import React, { useMemo, useState } from 'react';
import type { Row } from './row';
import {
  first,
  second,
  third
} from './order';
import dayjs, { Dayjs } from 'dayjs';

const limit = 20;
export const top = dayjs(first(join('a', 'b')));

export function Table(props: { rows: number[] }, context: unknown) {
  const [page, setPage] = useState(1);
  const { rows, other } = props as any;
  return rows.map((row, index) => row * page);
}

export const Cell = ({ value: text, title, color }: CellProps) => <td className={color}>It's {title}</td>;
