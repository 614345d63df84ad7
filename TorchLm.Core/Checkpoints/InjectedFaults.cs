using System.Globalization;

namespace TorchLm.Core.Checkpoints;

/// <summary>
/// What is made to go wrong on purpose, so that tests see a run survive it: <c>slow-saves=MS</c> pauses after each 64 KiB of a checkpoint and between its
/// files, <c>nan@STEP</c> spoils the gradients of the update that makes a step, <c>out-of-memory@STEP</c> lets an allocation fail in it.
/// </summary>
public sealed class InjectedFaults
{
    /// <summary>The environment variable that the program takes them from.</summary>
    public const string Variable = "TORCHLM_FAULTS";

    private const string Nan = "nan@", OutOfMemory = "out-of-memory@", SlowSaves = "slow-saves=";

    private readonly List<long> _nan = [], _outOfMemory = [];

    /// <summary>The pause in a checkpoint's writing; zero where there is none.</summary>
    internal TimeSpan SavePause { get; private init; }

    /// <summary>Reads a list such as <c>slow-saves=20,nan@7</c>; a step that is named twice fails twice.</summary>
    /// <param name="text">The list; null or empty is no fault at all.</param>
    /// <exception cref="InputException">A name is not known, or its number is none.</exception>
    public static InjectedFaults Parse(string? text)
    {
        var pause = TimeSpan.Zero;
        List<long> nan = [], outOfMemory = [];
        foreach (string fault in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Number(fault, SlowSaves) is { } milliseconds and <= 60_000) pause = TimeSpan.FromMilliseconds(milliseconds);
            else if (Number(fault, Nan) is { } spoiled) nan.Add(spoiled);
            else if (Number(fault, OutOfMemory) is { } tooLarge) outOfMemory.Add(tooLarge);
            else throw new InputException($"{Variable} holds '{fault}', but a fault is {SlowSaves}MS, {Nan}STEP or {OutOfMemory}STEP.");
        }
        var faults = new InjectedFaults { SavePause = pause };
        faults._nan.AddRange(nan);
        faults._outOfMemory.AddRange(outOfMemory);
        return faults;
    }

    /// <summary>Whether anything is to go wrong.</summary>
    public bool Any => SavePause > TimeSpan.Zero || _nan.Count > 0 || _outOfMemory.Count > 0;

    /// <summary>Whether the gradients of a step, counted from 1, are to be spoiled; asked once for each time.</summary>
    internal bool SpoilsGradients(long step) => _nan.Remove(step);

    /// <summary>
    /// Whether an allocation in a step, counted from 1, is to fail: until micro-batches have become smaller as often as the step is named, as in a memory that
    /// is too small for them whichever process tries.
    /// </summary>
    internal bool FailsAllocation(long step, int halvings) => halvings < _outOfMemory.Count(named => named == step);

    private static long? Number(string fault, string name) =>
        fault.StartsWith(name, StringComparison.Ordinal) && long.TryParse(fault.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number : null;
}
