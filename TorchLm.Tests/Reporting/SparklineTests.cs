using TorchLm.Train.Reporting;

namespace TorchLm.Tests.Reporting;

public class SparklineTests
{
    [Theory]
    [InlineData(new double[] { 0, 1, 2, 3, 4, 5, 6, 7 }, 8, "▁▂▃▄▅▆▇█")]
    [InlineData(new double[] { 0, 0, 7, 7 }, 2, "▁█")]
    [InlineData(new double[] { 3, 3, 3 }, 3, "▁▁▁")]
    [InlineData(new double[] { 1, double.NaN, 0 }, 3, "██▁")]
    [InlineData(new double[] { double.NaN, 1, 0 }, 3, " █▁")]
    [InlineData(new double[] { 0, 9 }, 4, " ▁▁█")]
    [InlineData(new double[] { }, 4, "")]
    [InlineData(new double[] { 1 }, 0, "")]
    public void A_curve_goes_from_its_lowest_to_its_highest_value(double[] values, int width, string expected) =>
        Assert.Equal(expected, Sparkline.Of(values.Select((y, x) => (x + 1.0, y)), width, values.Length, unicode: true));

    [Fact]
    public void Without_block_elements_it_is_ASCII() => Assert.Equal("_.-=^", Sparkline.Of(new double[] { 0, 1, 2, 3, 4 }.Select((y, x) => (x + 1.0, y)), 5, 5, unicode: false));
}
