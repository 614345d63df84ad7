using System.Buffers;
using System.Text.RegularExpressions;
using TorchLm.Data.Datasets;

namespace TorchLm.Data.Shards;

/// <summary>
/// How shard files are called: <c>name_split_number.bin</c> with six digits, as llm.c does. There one counter runs over the whole
/// set and shard 0 is the validation split, so its names are <c>fineweb_val_000000.bin</c>, <c>fineweb_train_000001.bin</c>, ...:
/// here too the training split counts from 1 and every other split from 0.
/// </summary>
internal static partial class ShardName
{
    /// <summary>The name of a split's shard.</summary>
    /// <param name="name">The data set's name.</param>
    /// <param name="split">train, val or test.</param>
    /// <param name="index">The shard's number within its split, from 0.</param>
    public static string Format(string name, string split, int index) =>
        $"{name}_{split}_{index + (split == SplitNames.Train ? 1 : 0):D6}.bin";

    /// <summary>Takes a shard's name apart; false where the file is not called like a shard.</summary>
    public static bool TryParse(string fileName, out string name, out string split)
    {
        Match match = Pattern().Match(fileName);
        name = match.Groups["name"].Value;
        split = match.Groups["split"].Value;
        return match.Success;
    }

    /// <summary>Whether the file is called like nanoGPT's headerless token files: <c>train.bin</c>, <c>val.bin</c>.</summary>
    public static bool IsHeaderless(string fileName) => SplitNames.All.Any(split => fileName == split + ".bin");

    /// <summary>Whether a name that stands in a file is that of a file in the same folder: no folder, and on Windows no drive and no stream.</summary>
    public static bool IsPlain(string fileName) =>
        fileName.Length is > 0 and <= 255 && fileName is not ("." or "..") && fileName.AsSpan().IndexOfAny(s_forbidden) < 0;

    private static readonly SearchValues<char> s_forbidden = SearchValues.Create(Path.GetInvalidFileNameChars());

    [GeneratedRegex(@"^(?<name>.+)_(?<split>train|val|test)_[0-9]+\.bin$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
