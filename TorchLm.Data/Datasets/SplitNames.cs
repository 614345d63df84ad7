namespace TorchLm.Data.Datasets;

/// <summary>What the splits of a data set are called.</summary>
public static class SplitNames
{
    /// <summary>What the model is trained on.</summary>
    public const string Train = "train";

    /// <summary>What its progress is measured on.</summary>
    public const string Val = "val";

    /// <summary>What is kept for the last measurement.</summary>
    public const string Test = "test";

    /// <summary>All of them, in this order.</summary>
    public static IReadOnlyList<string> All { get; } = [Train, Val, Test];
}
