import { Base } from './base';

export class Shop extends Base {
  open() {}
  protected static readonly size = 1;
  public async close(): Promise<void> {}
  get name() { return 'shop'; }
  private readonly  key = 2;
}
