using FluentValidation.Results;
using Xunit;

public class RuleTests
{
    [Fact]
    public void Holds() => Assert.True(new ValidationResult().IsValid);
}
