using Shop.Model;

namespace Shop.Tests
{
    using System;

    internal static class Totals
    {
        public static decimal Sum(Basket basket, Discount discount) => basket.Prices.Select(price => discount.Of(price)).Sum();
    }
}
