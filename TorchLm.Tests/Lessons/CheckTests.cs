using TorchLm.Lessons;
using TorchLm.Lessons.Pages;

namespace TorchLm.Tests.Lessons;

/// <summary>A number that is off is noticed, and said.</summary>
public class CheckTests
{
    [Theory]
    [InlineData(1.0, 1.0, Relation.Equal, 0, true)]
    [InlineData(1.0, 1.1, Relation.Equal, 0.05, false)]
    [InlineData(1.0, 1.1, Relation.Equal, 0.2, true)]
    [InlineData(double.NaN, 1.0, Relation.Equal, 1e9, false)]
    [InlineData(1.0, double.NaN, Relation.Equal, 1e9, false)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, Relation.Equal, 1, false)]
    [InlineData(2.0, 1.0, Relation.AtMost, 0, false)]
    [InlineData(1.0, 1.0, Relation.AtMost, 0, true)]
    [InlineData(double.NaN, 1.0, Relation.AtMost, 0, false)]
    [InlineData(2.0, 1.0, Relation.AtLeast, 0, true)]
    [InlineData(0.5, 1.0, Relation.AtLeast, 0, false)]
    [InlineData(double.NaN, 1.0, Relation.AtLeast, 0, false)]
    public void What_holds_and_what_does_not(double value, double other, Relation relation, double tolerance, bool holds) =>
        Assert.Equal(holds, new Check("x", "y", value, other, relation, tolerance).Passed);

    [Fact]
    public void The_sentence_names_what_is_wrong()
    {
        Check[] checks = [new("the loss", "the table", 1.5, 1, Relation.Equal, 0.1), new("steps", "the limit", 3, 2, Relation.AtMost, 0), new("fine", "itself", 1, 1, Relation.Equal, 0)];
        Assert.Equal("2 of 3 numbers are not what they should be: the loss is 1.5, but should be 1 (the table); steps is 3, but should be at most 2 (the limit).", CheckReport.Sentence(checks));
        Assert.Equal("1 numbers checked, all of them right.", CheckReport.Sentence(checks[2..]));
        Check[] right = [new("near", "a", 1.5, 1, Relation.Equal, 1), new("nearer", "a", 1.009, 1, Relation.Equal, 0.01), new("exact", "a", 2, 2, Relation.Equal, 1)];
        Assert.Equal("3 numbers checked, all of them right; of those that should be equal, the one nearest to its limit (nearer) is off by 9.0e-3 of 1.0e-2.", CheckReport.Sentence(right));
    }

    [Fact]
    public void The_table_shows_the_worst_of_each_kind()
    {
        Check[] checks =
        [
            new("the loss", "the table", 1.001, 1, Relation.Equal, 0.1), new("the loss", "the table", 1.01, 1, Relation.Equal, 0.1),
            new("steps", "the limit", 3, 2, Relation.AtMost, 0), new("steps", "the limit", 1, 2, Relation.AtMost, 0),
        ];
        string[][] rows = [.. CheckReport.Rows([new LessonResult(LessonCatalog.All[0], checks, [], TimeSpan.Zero)])];
        Assert.Equal(["neuron", "the loss", "2", "the table", "1.0e-2", "1.0e-1", ""], rows[0]);
        Assert.Equal(["neuron", "steps", "2", "the limit", "3", "at most 2", "WRONG"], rows[1]);
    }

    [Fact]
    public void Columns_of_numbers_stand_on_the_right()
    {
        string[] lines = [.. TextTable.Lines(["name", "value", "share"], [["one", "1.5", "3 %"], ["three", "-12.25", "-"]])];
        Assert.Equal(["name    value  share", "one       1.5    3 %", "three  -12.25      -"], lines);
    }
}
