namespace TorchLm.Lessons.Pages;

/// <summary>How a value is held against another.</summary>
public enum Relation
{
    /// <summary>They are equal but for a tolerance.</summary>
    Equal,

    /// <summary>The value is at most the other.</summary>
    AtMost,

    /// <summary>The value is at least the other.</summary>
    AtLeast,
}

/// <summary>A number of a lesson, held against one that comes from elsewhere.</summary>
/// <param name="What">What was computed; several numbers may share it.</param>
/// <param name="Against">Where the other number comes from.</param>
/// <param name="Value">What the lesson computed.</param>
/// <param name="Other">What it is held against.</param>
/// <param name="Relation">How.</param>
/// <param name="Tolerance">How far apart equal numbers may be.</param>
public sealed record Check(string What, string Against, double Value, double Other, Relation Relation, double Tolerance)
{
    /// <summary>How far the two are apart; infinite where one of them is no number.</summary>
    public double Deviation => double.IsNaN(Value - Other) ? double.PositiveInfinity : Math.Abs(Value - Other);

    /// <summary>Whether it holds.</summary>
    public bool Passed => Relation switch
    {
        Relation.AtMost => Value <= Other,
        Relation.AtLeast => Value >= Other,
        _ => Deviation <= Tolerance,
    };
}
