using Shop.Model;
using Shop.Pricing;

namespace Shop.Tests
{
    using System;
    using System.Linq;

    internal static class Totals
    {
        public static decimal Sum(Basket basket, Discount discount) => basket.Prices.Select(price => discount.Of(price)).Sum();
    }
}
