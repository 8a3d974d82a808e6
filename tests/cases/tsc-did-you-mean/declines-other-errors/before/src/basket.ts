import { Item } from './item';

export function weight(items: Item[]): number {
	return items.filtr(item => item.isHeavy).reduce((sum, item) => sum + item.wieght, 0);
}
