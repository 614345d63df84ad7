namespace TorchLm.Lessons.Pages;

/// <summary>What a reader may choose.</summary>
public sealed record LessonOptions
{
    /// <summary>Steps or epochs to train for; null is the lesson's own number.</summary>
    public int? Steps { get; init; }

    /// <summary>The seed of random numbers, 0 to 4,294,967,295; null is the lesson's own.</summary>
    public long? Seed { get; init; }

    /// <summary>An existing folder for pictures; null draws none.</summary>
    public string? PictureFolder { get; init; }

    /// <summary>Asks to stop.</summary>
    public CancellationToken Cancel { get; init; }
}
