using System.Collections.Generic;

namespace Shop.Model
{
    public sealed record Basket(List<decimal> Prices);
}
