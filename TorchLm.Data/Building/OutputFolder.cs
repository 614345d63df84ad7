using TorchLm.Core;
using TorchLm.Data.Datasets;
using TorchLm.Data.Shards;

namespace TorchLm.Data.Building;

/// <summary>
/// The folder that a data set is written to. As long as it is being written a marker lies in it, because without its
/// <c>dataset.json</c> a half-made set could be taken for one of another program; whoever finds the marker knows that the set is
/// not whole.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly bool _created;
    private bool _begun, _completed;

    private OutputFolder(string path, string name, bool created) => (Location, Name, _created) = (path, name, created);

    /// <summary>The folder.</summary>
    public string Location { get; }

    /// <summary>The folder's own name, which is the data set's.</summary>
    public string Name { get; }

    private string Marker => Path.Combine(Location, TokenDataset.UnfinishedMarker);

    /// <summary>
    /// Creates the folder where it is missing and makes sure that it can be written to, so that the user hears of it before hours
    /// of work. What is in it stays as it is.
    /// </summary>
    /// <exception cref="InputException">It cannot be written to, or holds a data set that may not be replaced.</exception>
    public static OutputFolder Open(string path, bool overwrite)
    {
        if (File.Exists(path)) throw new InputException($"Cannot write a data set to '{path}': it is a file; name a folder.");
        try
        {
            bool exists = Directory.Exists(path);
            if (exists && !overwrite) RefuseDataset(path);
            Directory.CreateDirectory(path);
            string probe = Path.Combine(path, TokenDataset.UnfinishedMarker + ".probe");
            File.Create(probe, bufferSize: 1, FileOptions.DeleteOnClose).Dispose();
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
            return new OutputFolder(path, name.Length > 0 ? name : "dataset", created: !exists);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"Cannot write to the folder '{path}': {failure.Message.TrimEnd('.')}; name another " +
                "folder.", failure);
        }
    }

    /// <summary>Marks the folder as unfinished and removes what is to be replaced.</summary>
    /// <param name="keepShards">Whether shards stay that the same build had finished before it was stopped.</param>
    public void Begin(bool keepShards)
    {
        keepShards &= File.Exists(Marker);
        File.WriteAllText(Marker, "This data set was not made to the end: run `torchlm prepare` again.\n");
        _begun = true;
        if (!keepShards) RemoveDataset();
    }

    /// <summary>Leaves what was written as it is, with the marker, to be gone on with.</summary>
    public void Keep() => _completed = true;

    /// <summary>Declares the set whole; its <c>dataset.json</c> has been written.</summary>
    public void Complete()
    {
        File.Delete(Marker);
        _completed = true;
    }

    /// <summary>Removes everything that was written, unless the set is complete.</summary>
    public void Dispose()
    {
        if (_completed) return;
        if (_begun)
        {
            RemoveDataset();
            File.Delete(Marker);
        }
        if (_created && !Directory.EnumerateFileSystemEntries(Location).Any()) Directory.Delete(Location);
    }

    // A folder with the marker holds what an interrupted build left: nothing to lose.
    private static void RefuseDataset(string path)
    {
        bool unfinished = File.Exists(Path.Combine(path, TokenDataset.UnfinishedMarker));
        if (unfinished || !Directory.EnumerateFiles(path).Any(IsOurs)) return;
        throw new InputException($"There is a data set (or a part of one) in '{path}' already: name another folder, or pass " +
            "--overwrite to replace it.");
    }

    // Only what a data set consists of; other files in the folder are not ours.
    private void RemoveDataset()
    {
        foreach (string file in Directory.GetFiles(Location).Where(IsOurs)) File.Delete(file);
    }

    private static bool IsOurs(string path)
    {
        string file = Path.GetFileName(path);
        if (Path.GetExtension(file) == TokenShardWriter.TemporarySuffix) file = Path.GetFileNameWithoutExtension(file);
        return file is DatasetManifest.FileName or TokenDataset.TokenizerFileName || ShardName.IsHeaderless(file) ||
            ShardName.TryParse(file, out _, out _);
    }
}
