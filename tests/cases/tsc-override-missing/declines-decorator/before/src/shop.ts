import { Base } from './base';

export class Shop extends Base {
  @Input() public open = 1;
}
