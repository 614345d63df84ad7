using System.Text.Json;
using TorchLm.Core;
using TorchLm.Core.Checkpoints;
using static TorchSharp.torch;

namespace TorchLm.Export.HuggingFace;

/// <summary>
/// The weights of a Hugging Face folder: <c>model.safetensors</c>, or several files that <c>model.safetensors.index.json</c> names, as one source.
/// </summary>
internal sealed class SafeTensorsFolder : ITensorSource
{
    private static readonly string[] s_pickles = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];

    private readonly List<SafeTensorsReader> _files = [];
    private readonly Dictionary<string, SafeTensorsReader> _fileOf = [];

    /// <summary>Opens the files and checks their headers.</summary>
    /// <exception cref="InputException">There are none, or one is not sound.</exception>
    public SafeTensorsFolder(string folder)
    {
        Path = folder;
        try
        {
            string single = System.IO.Path.Combine(folder, HuggingFaceFiles.Weights), index = System.IO.Path.Combine(folder, HuggingFaceFiles.Index);
            if (File.Exists(single)) Add(single);
            else if (File.Exists(index)) AddAll(index, folder);
            else throw NoWeights(folder);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => _fileOf.Keys;

    /// <summary>Whether a file's name is one of those that hold pickled Python objects.</summary>
    public static bool IsPickle(string path) => s_pickles.Contains(System.IO.Path.GetExtension(path).ToLowerInvariant());

    /// <summary>The sentence that refuses a pickle.</summary>
    public static InputException RefusePickle(string path) => new($"'{path}' is a Python pickle: reading one runs whatever program is hidden in it, so TorchLm does " +
        "not; get the model as safetensors (most have model.safetensors on the Hub) or save it anew with save_pretrained(..., safe_serialization=True).");

    /// <inheritdoc/>
    public IReadOnlyList<long>? ShapeOf(string name) => _fileOf.GetValueOrDefault(name)?.ShapeOf(name);

    /// <inheritdoc/>
    public Tensor Read(string name) =>
        (_fileOf.GetValueOrDefault(name) ?? throw new InputException($"The weights in '{Path}' have no tensor '{name}'.")).Read(name);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeTensorsReader file in _files) file.Dispose();
    }

    private static InputException NoWeights(string folder)
    {
        string? pickle = Directory.EnumerateFiles(folder).Where(IsPickle).Order(StringComparer.Ordinal).FirstOrDefault();
        return pickle is not null ? RefusePickle(pickle) : new InputException($"'{folder}' has no {HuggingFaceFiles.Weights} and no {HuggingFaceFiles.Index}: " +
            "name a folder that holds a model's weights.");
    }

    private void Add(string path)
    {
        var file = new SafeTensorsReader(path);
        _files.Add(file);
        foreach (string name in file.Names)
        {
            if (!_fileOf.TryAdd(name, file)) throw new InputException($"The tensor '{name}' is both in '{_fileOf[name].Path}' and in '{path}': get the files again.");
        }
    }

    private void AddAll(string index, string folder)
    {
        Dictionary<string, string> map = ReadMap(index);
        foreach (string name in map.Values.Distinct().Order(StringComparer.Ordinal))
        {
            string path = System.IO.Path.Combine(folder, name);
            if (!File.Exists(path)) throw new InputException($"'{index}' names the file '{name}', which is not beside it: get the whole model again.");
            Add(path);
        }
        foreach ((string tensor, string file) in map)
        {
            if (_fileOf.GetValueOrDefault(tensor)?.Path != System.IO.Path.Combine(folder, file))
            {
                throw new InputException($"'{index}' says that '{tensor}' is in '{file}', but it is not: get the whole model again.");
            }
        }
    }

    private static Dictionary<string, string> ReadMap(string index)
    {
        using JsonDocument document = JsonFile.ReadObject(index);
        if (!document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
        {
            throw new InputException($"'{index}' has no weight_map: get the file again.");
        }
        var result = new Dictionary<string, string>();
        try
        {
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
                if (file is null || !IsPlainName(file))
                {
                    throw new InputException($"'{index}' says that '{entry.Name}' is in {entry.Value.GetRawText()}, which is not the name of a .safetensors file " +
                        "beside it: do not use this model, or get it again from where you trust it.");
                }
                result[entry.Name] = file;
            }
        }
        catch (InvalidOperationException e) // a name is half of a surrogate pair, escaped
        {
            throw new InputException($"'{index}' holds a name that is not valid Unicode: get the file again.", e);
        }
        return result;
    }

    /// <summary>No path parts: an index from elsewhere must not lead out of its folder.</summary>
    private static bool IsPlainName(string file) => file.EndsWith(".safetensors", StringComparison.Ordinal) && file.Length <= 255
        && file.AsSpan().IndexOfAny("/\\:\0") < 0 && file[0] != '.';
}
