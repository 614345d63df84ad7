using System.Text;
using System.Text.Json.Nodes;
using TorchLm.Data.Datasets;
using TorchLm.Tests.Data;
using TorchLm.Tokenizers;

namespace TorchLm.Tests.Preparation;

/// <summary>What lies in a prepared folder: the documents that its tokens decode to, and what dataset.json says.</summary>
internal sealed class PreparedSet
{
    public PreparedSet(string folder)
    {
        TokenDataset dataset = TokenDataset.Open(folder);
        dataset.VerifyChecksums();
        ITokenizer tokenizer = TokenizerFile.Load(folder);
        Splits = dataset.Splits.ToDictionary(split => split.Name, split => Decode(split, tokenizer));
        Json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "dataset.json")))!;
    }

    public Dictionary<string, string[]> Splits { get; }

    public JsonNode Json { get; }

    public string[] Documents => [.. Splits.Values.SelectMany(documents => documents)];

    public JsonNode Step(string name) => Json["preparation"]!["steps"]!.AsArray().Single(step => (string)step!["name"]! == name)!;

    public JsonNode? Skipped(string reason) => Json["preparation"]!["skipped"]!.AsArray().SingleOrDefault(step => (string)step!["reason"]! == reason);

    /// <summary>The bytes of all files, by name.</summary>
    public static Dictionary<string, string> Bytes(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(path => Path.GetRelativePath(folder, path), path => Convert.ToBase64String(File.ReadAllBytes(path)));

    // Each document begins with the end-of-text id.
    private static string[] Decode(DatasetSplit split, ITokenizer tokenizer)
    {
        List<List<byte>> documents = [];
        foreach (long id in ShardFiles.ReadAll(split))
        {
            if (id == tokenizer.EndOfTextId) documents.Add([]);
            else documents[^1].AddRange(tokenizer.GetBytes((int)id));
        }
        return [.. documents.Select(bytes => Encoding.UTF8.GetString([.. bytes]))];
    }
}
