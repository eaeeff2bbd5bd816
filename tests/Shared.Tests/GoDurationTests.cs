using Root;

namespace Reelseal.Tests;

/// <summary>What Go's <c>time.ParseDuration</c> reads, and what it refuses.</summary>
public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("0s", 0)]
    [InlineData("5s", 50_000_000)]
    [InlineData("1478s", 14_780_000_000)]
    [InlineData("+5s", 50_000_000)]
    [InlineData("-5s", -50_000_000)]
    [InlineData("5.s", 50_000_000)]
    [InlineData(".5s", 5_000_000)]
    [InlineData("1.004s", 10_040_000)]
    [InlineData("1.0040s", 10_040_000)]
    [InlineData("100.00100s", 1_000_010_000)]
    [InlineData("99ns", 0)]
    [InlineData("1000ns", 10)]
    [InlineData("11us", 110)]
    [InlineData("12\u00b5s", 120)]
    [InlineData("12\u03bcs", 120)]
    [InlineData("13ms", 130_000)]
    [InlineData("16m", 9_600_000_000)]
    [InlineData("3h30m", 126_000_000_000)]
    [InlineData("4m10.5s", 2_505_000_000)]
    [InlineData("-2m3.4s", -1_234_000_000)]
    [InlineData("10.5s4m", 2_505_000_000)] // in any order
    [InlineData("1h1m1s1ms1us1ns", 36_610_010_010)]
    [InlineData("0.3333333333333333333h", 12_000_000_000 - 1)]
    [InlineData("2562047h47m16.854775807s", 92_233_720_368_547_758)] // the longest
    public void A_duration_has_as_many_ticks_as_in_Go(string text, long ticks)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(ticks, duration.Ticks);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("5.")]
    [InlineData("-")]
    [InlineData("+-5s")]
    [InlineData("s")]
    [InlineData(".")]
    [InlineData(".s")]
    [InlineData("-.s")]
    [InlineData("1.2.3s")]
    [InlineData("1d")]
    [InlineData("5S")]
    [InlineData("1 s")]
    [InlineData(" 1s")]
    [InlineData("1,5s")]
    [InlineData("\u0665s")] // a digit, but not Go's
    [InlineData("2562047h47m16.854775808s")] // longer than the longest
    [InlineData("9223372036854775808ns")]
    [InlineData("99999999999999999999999999999999999999h")]
    public void Durations_that_Go_refuses_are_refused(string? text) => Assert.False(GoDuration.TryParse(text, out _));
}
