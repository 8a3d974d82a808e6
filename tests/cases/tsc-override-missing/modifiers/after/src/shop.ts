import { Base } from './base';

export class Shop extends Base {
  override open() {}
  protected static override readonly size = 1;
  public override async close(): Promise<void> {}
  override get name() { return 'shop'; }
  private readonly  key = 2;
}
