import {
  formatDate,
  parseDate as parse,
  formatTime,
} from './dates';
// fomatTime is for people
export { formatMoney as fomatMoney } from './money';

export const label = (date: string) => `${formatDate(parse(date))} fomatTime ${formatTime(date)}`;
