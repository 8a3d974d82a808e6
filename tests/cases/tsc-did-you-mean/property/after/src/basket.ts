import { Item } from './item';

export function weight(items: Item[]): number {
	return items.filter(item => item.isHeavy).reduce((sum, item) => sum + item.weight, 0);
}
